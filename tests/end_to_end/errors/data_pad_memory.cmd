export GRADUS_MEMORY=1K
. ./data.inc 'digits(pad_to: 20000) -> image, label'
