"""Pages of lists: a page costs a constant number of reads, however much is stored."""
