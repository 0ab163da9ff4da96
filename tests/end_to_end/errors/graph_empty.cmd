printf "" | "$gradus" opt --passes=simplify -
