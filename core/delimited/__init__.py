"""Everything between the bytes of a CSV and its rows of cells: encoding, delimiter, header, quoting, junk rows."""
