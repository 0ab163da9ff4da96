. ./data.inc 'csv("/dev/random") -> x'
