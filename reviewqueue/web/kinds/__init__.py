"""How each kind of item is shown and edited, on the workbench and on the item's page."""
