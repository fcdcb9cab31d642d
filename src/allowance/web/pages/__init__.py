"""The pages for browsers: what people see of the same facts that the API gives to machines.

A page is a `Page` in the table (`pages.table`): its path, the function that makes its view (`reports.pages`), and the
name of its two templates (`<name>.html.j2`, `<name>.md.j2`). JSON needs none: it is the view itself.
"""
