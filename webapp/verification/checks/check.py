"""A check: facts read in one pass, and rules over them with the words for a break."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """`holds` is SQL over the check's facts; `words` is a sentence over the same facts for where it does not hold."""

    name: str
    holds: str
    words: str


@dataclass(frozen=True, slots=True)
class Check:
    """One pass over the data: `facts` is a SELECT, `subject` names a row of it, each rule is judged on every row."""

    subject: str
    facts: str
    rules: tuple[Rule, ...]
    # Names bound in `facts`; a check over a range of orders has low (exclusive) and high (inclusive).
    parameters: tuple[str, ...] = ("low", "high")

    @property
    def sql(self) -> str:
        """The rows where some rule does not hold, with the names of those rules in `broken`."""
        broken = ", ".join(
            f"CASE WHEN ({rule.holds}) IS NOT TRUE THEN '{rule.name}' END" for rule in self.rules
        )
        # Everything put together here is written in this file.
        return (
            f"SELECT * FROM (SELECT {self.subject} AS subject, array_remove(ARRAY[{broken}], NULL) AS broken, facts.*"  # noqa: S608
            f" FROM ({self.facts}) AS facts) AS judged WHERE broken <> '{{}}'"
        )

    @property
    def words(self) -> dict[str, str]:
        """Rule name → its sentence."""
        return {rule.name: rule.words for rule in self.rules}
