# SPDX-License-Identifier: MIT
#
# What the tables of the page share.

function escape(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	gsub(/"/, "\\&quot;", text)
	return text
}

# 93, 1,296, 295,518: as many digits as a reader wants, thin spaces between thousands
function count(value,   text, whole) {
	if (value == "")
		return ""
	text = value < 100 ? value + 0 : value < 1000 ? sprintf("%.1f", value) + 0 : sprintf("%.0f", value)
	whole = text
	sub(/\..*/, "", whole)
	if (length(whole) > 4)
		text = substr(text, 1, length(whole) - 3) "&thinsp;" substr(text, length(whole) - 2)
	return text
}

function time(ns) {
	if (ns == "")
		return ""
	if (ns < 1000)
		return sprintf("%.3g", ns) + 0 " ns"
	if (ns < 1000000)
		return sprintf("%.*f µs", ns < 10000 ? 2 : ns < 100000 ? 1 : 0, ns / 1000)
	return sprintf("%.*f ms", ns < 10000000 ? 2 : 1, ns / 1000000)
}

function cell(text, class) {
	return "<td" (class == "" ? "" : " class=\"" class "\"") ">" text "</td>"
}

# `bench/run --list`: name, spaces, meaning
function read_list(   at) {
	at = match($0, / +/)
	meaning[substr($0, 1, at - 1)] = substr($0, at + RLENGTH)
}

function named(bench) {
	return "<td>" escape(bench) "<span class=\"what\">" escape(meaning[bench]) "</span></td>"
}
