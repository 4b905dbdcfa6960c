"""How fast a book is made, beside other tools that execute examples, on the machine at hand."""
