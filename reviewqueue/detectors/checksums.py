"""Numbers that prove themselves: check digits of accounts, cards, tax and insurance numbers."""

#: How long an account number of each country is (the IBAN registry), the country itself included.
IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29},
    **{"BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29},
    **{"ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28},
    **{"HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20},
    **{"LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19},
    **{"MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29},
    **{"RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29},
    **{"VA": 22, "VG": 24, "XK": 20},
}


def is_luhn(digits: str) -> bool:
    """Return whether the last digit is right by Luhn's rule."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit)
        if place % 2:
            value = value * 2 - 9 if value > 4 else value * 2
        total += value
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Return whether digits are a payment card's: an issuer's range, its length, and Luhn's rule."""
    return any(digits.startswith(begins) and len(digits) in lengths for begins, lengths in _CARDS) and is_luhn(digits)


def _range(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(one) for one in range(first, last + 1))


_CARDS = (
    (("4",), {13, 16, 19}),
    ((*_range(51, 55), *_range(2221, 2720)), {16}),
    (("34", "37"), {15}),
    ((*_range(300, 305), "36", "38", "39"), {14}),
    (("6011", "65", *_range(644, 649)), {16, 19}),
    (_range(3528, 3589), {16}),
    (("5018", "5020", "5038", "6304", "6759", "6761", "6763"), {13, 14, 15, 16, 18, 19}),
)


def is_iban(account: str) -> bool:
    """Return whether an account number in capitals and without spaces is its country's length and right mod 97."""
    if len(account) != IBAN_LENGTHS.get(account[:2]):
        return False
    return int("".join(str(int(one, 36)) for one in account[4:] + account[:4])) % 97 == 1


def is_german_tax_id(digits: str) -> bool:
    """Return whether eleven digits are a German tax number: one digit two or three times, and ISO 7064 mod 11,10."""
    if len(digits) != 11 or digits[0] == "0":
        return False
    often = sorted(digits[:10].count(one) for one in set(digits[:10]))
    if often[-1] not in {2, 3} or often[-2:-1] not in ([], [1]):
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def is_german_pension_number(number: str) -> bool:
    """Return whether twelve characters are a German pension number: area, birthday, letter, serial, check digit."""
    if len(number) != 12 or not (1 <= int(number[2:4]) % 50 <= 31 or number[2:4] == "00"):
        return False
    if not 0 <= int(number[4:6]) <= 12:
        return False
    letter = f"{ord(number[8]) - 64:02d}"
    weights = (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1)
    products = (int(one) * weight for one, weight in zip(number[:8] + letter + number[9:11], weights, strict=True))
    return sum(product // 10 + product % 10 for product in products) % 10 == int(number[11])


def is_swiss_insurance_number(digits: str) -> bool:
    """Return whether thirteen digits are a Swiss insurance number: 756, and the check digit of EAN-13."""
    if len(digits) != 13 or not digits.startswith("756"):
        return False
    total = sum(int(one) * (3 if place % 2 else 1) for place, one in enumerate(digits[:12]))
    return -total % 10 == int(digits[12])
