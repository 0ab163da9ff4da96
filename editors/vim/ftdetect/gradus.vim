autocmd BufRead,BufNewFile *.gradus setfiletype gradus
