# SPDX-License-Identifier: GPL-3.0-or-later
"""An order of blocks in which threads that went different ways meet again: the lowest block that any thread is at goes first.

A loop's blocks lie together, its header first; a block comes after those that lead to it, but for jumps back to a header.
"""


def components(nodes, successors):
    """Strongly connected ones, each after those that lead to it (Tarjan)."""
    index, low, stack, found, known = {}, {}, [], [], set(nodes)

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for following in successors(node):
            if following not in known:
                continue
            if following not in index:
                visit(following)
                low[node] = min(low[node], low[following])
            elif following in stack:
                low[node] = min(low[node], index[following])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(stack[at:])
            del stack[at:]

    for node in nodes:
        if node not in index:
            visit(node)
    return found[::-1]


def ordered(nodes, successors):
    """@nodes begins with the one that all others are reached from."""
    result = []
    for component in components(nodes, successors):
        if len(component) == 1:
            result += component
            continue
        from_outside = {following for node in set(nodes).difference(component) for following in successors(node)}
        entered = [node for node in component if node in from_outside]
        header = entered[0] if entered else (nodes[0] if nodes[0] in component else component[0])
        inside = [header] + [node for node in component if node != header]
        result += ordered(inside, lambda node, header=header: [following for following in successors(node) if following != header])
    return result
