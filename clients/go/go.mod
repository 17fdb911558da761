module regatta

go 1.24
