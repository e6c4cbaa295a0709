"""Amounts of money in a database that holds them as floats, of which 15 digits count. Pure."""

from __future__ import annotations

from decimal import Decimal


class Rounded(str):
    """An amount as text that was a float: another amount is the same if it has the same digits."""

    __slots__ = ()

    @classmethod
    def of(cls, number: float) -> Rounded:
        """The amount in the API's form, with two decimals or more."""
        exact = Decimal(_digits(number))
        return cls(f"{exact:.2f}" if exact == round(exact, 2) else f"{exact:f}")


def same_digits(a: str, b: str) -> bool:
    """Whether a float would hold both amounts as the same."""
    return _digits(float(a)) == _digits(float(b))


def _digits(number: float) -> str:
    return f"{number:.15g}"
