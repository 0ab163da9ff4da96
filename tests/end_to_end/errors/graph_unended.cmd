"$gradus" opt --passes=simplify graph_unended.gir
