. ./data.inc 'image_folder("nowhere") -> image, label'
