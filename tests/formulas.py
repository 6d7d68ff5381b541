"""What a stranger may type where somebody will open it in a spreadsheet: none of it may run."""

FORMULAS = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    '=HYPERLINK("https://x.example","y")',
    "＝1+1",
    " =1",
    "#REF!",
    "=cmd|' /C calc'!A0",
)
