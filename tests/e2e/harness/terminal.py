"""A terminal's screen, as far as what levee-bench writes on it needs one."""
import re

PIECES = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\[\?\d+([hl])|(.)", re.DOTALL)


class Terminal:
    """What a screen of this size shows of what was written on it: lines wrap, and go out at the top."""
    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.lines, self.row, self.column = [""] * rows, 0, 0

    def write(self, text):
        for number, command, mode, letter in PIECES.findall(text):
            if command == "A":
                self.row = max(0, self.row - int(number or 1))
            elif command == "K":
                self.lines[self.row] = self.lines[self.row][:self.column]
            elif command == "H":
                self.row = self.column = 0
            elif command == "J":
                self.lines = [""] * self.rows
            else:
                assert letter, f"an escape that this terminal does not know: {command or mode}"
                self.put(letter)

    def put(self, letter):
        if letter == "\r":
            self.column = 0
        elif letter == "\n":
            self.down()
        else:
            if self.column == self.columns:
                self.column = 0
                self.down()
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + letter + line[self.column + 1:]
            self.column += 1

    def down(self):
        self.row += 1
        if self.row == self.rows:
            self.lines, self.row = self.lines[1:] + [""], self.rows - 1
