"""No file above 400 lines and no function above 70: file_sizes.py [ROOT]

The functions are found by their braces, which takes code that clang-format has laid out.
"""

import re
import statistics
import sys
from pathlib import Path

import tree

FILE_LINES = 400
FUNCTION_LINES = 70
CONTAINER = re.compile(r"\b(namespace|class|struct|union|enum|extern)\b")


def functions(text):
    """(first line, number of lines) of each function; a lambda counts with the function around it."""
    stack = []  # the kinds of the braces that are open
    begin = 0  # where the declaration begins that the next brace belongs to
    start = None  # where the function begins whose body is open
    for match in re.finditer(r"[{};]|^[ \t]*#[^\n]*|\b(?:public|protected|private):", text, re.MULTILINE):
        mark = match.group()
        if mark == "{":
            head = text[begin : match.start()]
            if start is not None:
                kind = "block"
            elif CONTAINER.search(head) and "(" not in re.sub(r"alignas\([^)]*\)", "", head):
                kind = "container"
            elif "(" in head and text[match.start() - 1] == " " and not head.rstrip().endswith(("=", ",", "(")):
                kind = "function"
                start = begin + len(head) - len(head.lstrip())
            else:
                kind = "value"  # kNames{...}, a_{0}
            stack.append(kind)
        elif mark == "}":
            kind = stack.pop() if stack else "block"
            if kind == "function":
                first = text.count("\n", 0, start) + 1
                yield first, text.count("\n", 0, match.start()) + 2 - first
                start = None
            if kind == "value":
                continue  # the declaration goes on
        if not stack or stack[-1] == "container":
            begin = match.end()


def measure(root):
    """The faults, and the lengths of all files and functions."""
    faults, files, lengths = [], [], []
    for path in tree.cpp_files(root):
        text = (root / path).read_text()
        files.append(text.count("\n"))
        if files[-1] > FILE_LINES:
            faults.append(f"{path}: {files[-1]} lines, the limit is {FILE_LINES}")
        for first, length in functions(tree.without_comments(text)):
            lengths.append(length)
            if length > FUNCTION_LINES:
                faults.append(f"{path}:{first}: a function of {length} lines, the limit is {FUNCTION_LINES}")
    return faults, files, lengths


def summary(what, numbers):
    numbers = sorted(numbers) or [0]
    ninth = numbers[int(0.9 * (len(numbers) - 1))]
    return f"{len(numbers)} {what}: median {statistics.median(numbers):g}, p90 {ninth}, max {numbers[-1]} lines"


if __name__ == "__main__":
    found, file_lines, function_lines = measure(Path(*sys.argv[1:]))
    print(summary("files", file_lines), summary("functions", function_lines), sep="\n")
    tree.tell(found, "all within the limits")
