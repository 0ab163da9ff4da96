" Vim syntax file: Gradus. Written by editors/generate.py.
if exists('b:current_syntax')
  finish
endif

syntax keyword gradusKeyword about along and as by else every expect finally for if in into minimize not or over penalty print scan when with within
syntax keyword gradusConstant false none true
syntax keyword gradusSpecial epoch infinity nan penalties pi step training
syntax keyword gradusType fraction function list nonnegative proper_fraction string
syntax match gradusFunction /\<\h\w*\ze(/
syntax match gradusBuiltin /\<\%(abs\|acos\|all\|any\|argmax\|argmin\|argsort\|asin\|atan\|atan2\|bernoulli\|bf16\|bool\|broadcast\|cbrt\|ceil\|clamp\|concat\|concat\|convolve\|convolve_transpose\|cos\|cosh\|csv\|cumsum\|custom_gradient\|digits\|dynamic_slice\|dynamic_update_slice\|early_stopping\|einsum\|erf\|exp\|expm1\|f16\|f32\|f64\|fashion_mnist\|fill\|float\|floor\|gather\|gradient\|i32\|i64\|i8\|idx\|image_folder\|int\|iota\|iris\|is_finite\|keep_best\|length\|log\|log1p\|lower_triangle\|max\|mean\|min\|mirror\|mnist\|normal\|normal_cdf\|npy\|npz\|one_hot\|ones\|pad\|parameter\|pow\|prod\|rank\|reduce_on_plateau\|reshape\|reverse\|round\|rows\|rsqrt\|scatter_add\|select_class\|sentence_pairs\|series\|shape\|sigmoid\|sign\|sin\|sinh\|softplus\|sort\|split\|split\|sqrt\|squeeze\|stack\|state\|stop_gradient\|sum\|sum_squares\|tagged_text\|tan\|tanh\|text\|text_lines\|text_table\|top_k\|total\|transpose\|transpose_last\|triplets\|u8\|uniform\|where\|window_max\|window_sum\|zeros\)\ze(/
syntax match gradusType /\<\%(bf16\|bool\|f16\|f32\|f64\|float\|fraction\|function\|i32\|i64\|i8\|int\|list\|nonnegative\|proper_fraction\|string\|u8\)\ze\[/
syntax match gradusStatement /\%(^\|[{;]\)\s*\zs\%(collect\|data\|evaluate\|input\|load\|metric\|update\|use\)\ze\s\+[A-Za-z_\"]/
syntax match gradusSetting /\%(^\|[{;]\)\s*\zs\%(batch\|drop_last\|epochs\|seed\|shuffle\)\ze\s*=[^=]/
syntax match gradusDefinition /^\s*\%(function\|import\|layer\|model\|optimizer\|program\|train\)\ze\s/
syntax match gradusArgument /\<\h\w*\ze\s*:/
syntax match gradusNumber /\<\d\%(_\?\d\)*\%(\.\d\%(_\?\d\)*\)\?\%([eE][+-]\?\d\+\)\?\>/
syntax match gradusOperator /|>\|->\|[-+*\/%@^<>=]/
syntax match gradusEscape /\\\%([nt"\\]\|u{\x\{1,6}}\)/ contained
syntax region gradusString start=/"/ end=/"/ oneline contains=gradusEscape
syntax match gradusComment /#.*$/ contains=gradusTodo,@Spell
syntax keyword gradusTodo TODO FIXME contained

highlight default link gradusKeyword Keyword
highlight default link gradusConstant Constant
highlight default link gradusSpecial Identifier
highlight default link gradusType Type
highlight default link gradusFunction Function
highlight default link gradusBuiltin Function
highlight default link gradusStatement Statement
highlight default link gradusSetting Identifier
highlight default link gradusDefinition Structure
highlight default link gradusArgument Label
highlight default link gradusNumber Number
highlight default link gradusOperator Operator
highlight default link gradusEscape SpecialChar
highlight default link gradusString String
highlight default link gradusComment Comment
highlight default link gradusTodo Todo

let b:current_syntax = 'gradus'
