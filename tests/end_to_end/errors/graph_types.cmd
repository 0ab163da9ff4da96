"$gradus" opt --passes=simplify graph_types.gir
