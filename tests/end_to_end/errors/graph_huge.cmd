"$gradus" opt --passes=simplify graph_huge.gir
