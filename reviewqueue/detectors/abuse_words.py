"""Words that hurt, in English and German: a small list, written to be looked at and to be changed.

Each is written as it is after `abuse.plainly`: small letters, no accents, ß as ss, ä as a. A star stands for any
ending. Mild words ("damn", "Mist") are left out on purpose, and so are words with a common harmless meaning.
"""

PROFANITY = """
fuck* motherfuck* shit shits shitty bullshit* bitch* bastard* cunt* wanker* bollocks crap crappy pissed
scheiss* beschissen* verfickt* ficken fick fickt gefickt verarsch* kacke verkackt* arsch
""".split()

INSULTS = """
idiot* moron* asshole* arsehole* dumbass* dipshit* scumbag* imbecile* loser losers douchebag* dickhead*
arschloch* arschlocher* vollidiot* trottel* depp depps volldepp* wichser* hurensohn* hurensohne missgeburt*
drecksau* dreckskerl* schlampe* penner pennern drecksack* vollpfosten dummkopf* halt+die+fresse shut+the+fuck
""".split()

SLURS = """
nigger* faggot* kike kikes tranny trannies retard retards retarded
neger negers negerin kanake kanaken schwuchtel* spasti spastis spast spasten judensau* untermensch*
""".split()

THREATS = """
kill+you kill+yourself murder+you hurt+you+badly find+you+and burn+your+house beat+you+up cut+your+throat
bring+dich+um bringe+dich+um bringen+dich+um bring+sie+um stech+dich+ab steche+dich+ab mach+dich+kalt mache+dich+kalt
weiss+wo+du+wohnst zunde+dein+haus schlag+dich+tot schlage+dich+tot hang+dich+auf
""".split()
