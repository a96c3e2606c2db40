# SPDX-License-Identifier: MIT
BEGIN {
	FS = "\t"
	print "<div class=\"scroll\"><table><thead><tr><th>operation</th><th>mode</th><th>harts</th><th>then</th><th>now</th>",
		"<th>ratio</th></tr></thead><tbody>"
}
{
	class = $1 + 0 > 1.005 ? "strong bad" : $1 != "-" && $1 + 0 < 0.995 ? "strong good" : ""
	print "<tr>", cell(escape($2)), cell($3), cell($4), cell(count($5)), cell(count($6)),
		cell($1 == "-" ? $7 : $1, class), "</tr>"
}
END { print "</tbody></table></div>" }
