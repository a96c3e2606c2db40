# SPDX-License-Identifier: MIT
#
# What all pictures share.  Colours are placeholders: `pictures` replaces them by
# variables of style.css, which knows light and dark.
set terminal svg size 400,290 dynamic font "sans,12" linewidth 1
set encoding utf8
axis = '#0b0000'
grid = '#0a0000'
array series[8] = ['#010000', '#020000', '#030000', '#040000', '#050000', '#060000', '#070000', '#080000']
set border 1 lc rgb axis lw 1
set grid ytics lc rgb grid lt 1 lw 1
set tics nomirror scale 0 textcolor rgb '#000000'
set xtics offset 0,0.2
set lmargin 6.5
set rmargin 3
set tmargin 3.4
set bmargin 3.4
set key tmargin left horizontal Left reverse samplen 1.2 width 1
set micro
set style data linespoints
# the nth series
style(n) = series[(n - 1) % 8 + 1]
