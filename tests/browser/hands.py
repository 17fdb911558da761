"""How a person works with a page: with a mouse, or with the keyboard alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

# A view has fewer stops than this.
MOST_TABS = 150
FOCUSED = "(element) => element === document.activeElement"
# Whatever has the focus shows it: itself, or as a radio button does, by its label.
SHOWS_FOCUS = """
(element) => [element, element.closest('label')].some((each) => each && getComputedStyle(each).outlineStyle !== 'none')
"""


class Hands(Protocol):
    """What a person does with controls."""

    def press(self, control: "Locator") -> None:
        """Press a button, or follow a link."""

    def select(self, control: "Locator", value: str) -> None:
        """Choose the option with this value."""

    def pick(self, control: "Locator") -> None:
        """Choose one of a few that stand side by side."""

    def choose_file(self, control: "Locator", file: Path) -> None:
        """Choose a file by the button that asks for one."""


class Mouse:
    """Somebody with a mouse."""

    def press(self, control: "Locator") -> None:
        """Click it."""
        control.click()

    def select(self, control: "Locator", value: str) -> None:
        """Choose it in the list that opens."""
        control.select_option(value)

    def pick(self, control: "Locator") -> None:
        """Click its label."""
        control.locator("xpath=..").click()

    def choose_file(self, control: "Locator", file: Path) -> None:
        """Click, and choose the file."""
        with control.page.expect_file_chooser() as asked:
            control.click()
        asked.value.set_files(file)


class Keyboard:
    """Somebody who has no mouse: Tab leads to a control, and whatever has the focus shows it."""

    def __init__(self, page: "Page") -> None:
        self.keys = page.keyboard

    def press(self, control: "Locator") -> None:
        """Go there, and press Enter."""
        self._reach(control)
        self.keys.press("Enter")

    def select(self, control: "Locator", value: str) -> None:
        """Go there, and down the options from the first one."""
        self._reach(control)
        self.keys.press("Home")
        for _ in range(control.locator("option").count()):
            if control.input_value() == value:
                return
            self.keys.press("ArrowDown")
        raise AssertionError(f"the arrow keys do not reach {value!r}")

    def pick(self, control: "Locator") -> None:
        """Go to the group, which Tab enters at what is chosen, and along it."""
        name = control.get_attribute("name")
        group = control.page.locator(f"input[name={name!r}]")
        self._reach(control.page.locator(f"input[name={name!r}]:checked"))
        for _ in range(group.count()):
            if control.is_checked():
                return
            self.keys.press("ArrowRight")
        raise AssertionError("the arrow keys do not reach the choice")

    def choose_file(self, control: "Locator", file: Path) -> None:
        """Go there, press Enter, and choose the file."""

        self._reach(control)
        with control.page.expect_file_chooser() as asked:
            self.keys.press("Enter")
        asked.value.set_files(file)

    def _reach(self, control: "Locator") -> None:
        control.wait_for(state="attached")
        for _ in range(MOST_TABS):
            if control.evaluate(FOCUSED):
                assert control.evaluate(SHOWS_FOCUS), "whatever has the focus has to show it"
                return
            self.keys.press("Tab")
        raise AssertionError(f"Tab does not lead to {control}")
