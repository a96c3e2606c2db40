# SPDX-License-Identifier: MIT
#
# Bars: ours, then theirs.  The longest of a bench is as wide as there is room.
FNR == 1 { file++ }
file == 1 { read_list(); next }
{
	split($0, field, "\t")
	bench = field[1]
	if (!(bench in rows)) {
		order[++n] = bench
		ours[bench] = field[2]
	}
	if (field[3] + 0 > longest[bench])
		longest[bench] = field[3] + 0
	rows[bench] = rows[bench] (rows[bench] == "" ? "" : "\n") $0
}
function bar(class, name, value, longest, remark) {
	print "<span class=\"name", class, "\">", name, "</span><span class=\"bar", class, "\"><i style=\"width:",
		sprintf("%.1f", 75 * value / longest), "%\"></i>", count(value), remark, "</span>"
}
END {
	for (i = 1; i <= n; i++) {
		bench = order[i]
		print "<h3>", escape(bench), "<span class=\"what\">", escape(meaning[bench]), "</span></h3><div class=\"bars\">"
		bar(" ours", "hartleaf", ours[bench], longest[bench], "")
		lines = split(rows[bench], row, "\n")
		for (j = 1; j <= lines; j++) {
			split(row[j], field, "\t")
			bar("", escape(field[4]) " <span class=\"what\">" escape(field[6]) "</span>", field[3], longest[bench],
				sprintf(" <span class=\"note\">× %.1f</span>", field[3] / ours[bench]))
		}
		print "</div>"
	}
}
