. ./data.inc 'digits(pad_to: 4) -> image, label'
