# SPDX-License-Identifier: MIT
#
# The table of all benches but those that a picture shows.  Instructions are those of one
# hart; the number of harts is that of the machine on which the time was measured.
function place(ns) {
	return ns + 0 > 0 ? 100 * (log(ns) - low) / (high - low) : 0
}
FNR == 1 { file++ }
file == 1 { read_list(); next }
FNR == 1 { next }
{ split($0, field, ",") }
field[1] ~ /^scale\/|\/among\// || (field[1] ~ /^yield\/(thread|space)\//) { next }
{
	bench = field[1]
	if (field[4] != "insn" && field[4] != "ns") {
		others[++other] = $0
		next
	}
	if (!(bench in seen)) {
		seen[bench] = 1
		order[++n] = bench
	}
	if (field[2] == "icount") {
		insn[bench] = field[6]
	} else {
		times++
		harts[bench] = field[3]
		min[bench] = field[6]
		median[bench] = field[7]
		p99[bench] = field[8]
		p999[bench] = field[9]
		deviation[bench] = field[10]
		if (low == "" || field[6] < least)
			low = log(least = field[6] + 0 ? field[6] : 1)
		if (field[8] + 0 > most)
			high = log(most = field[8] + 0)
	}
}
END {
	if (n) {
		print "<div class=\"scroll\"><table><thead><tr><th>operation</th><th>instructions</th>"
		if (times)
			print "<th>minimum</th><th>median</th><th>99&nbsp;%</th><th>99.9&nbsp;%</th><th>deviation</th>",
				"<th class=\"left\">", time(least), " to ", time(most), "</th><th>harts</th>"
		print "</tr></thead><tbody>"
		for (i = 1; i <= n; i++) {
			bench = order[i]
			strip = ""
			if (bench in median && high > low)
				strip = sprintf("<span class=\"range\"><i style=\"left:%.1f%%;width:%.1f%%\"></i>" \
					"<b style=\"left:calc(%.1f%% - 1px)\"></b></span>", place(min[bench]),
					place(p99[bench]) - place(min[bench]), place(median[bench]))
			print "<tr>", named(bench), cell(count(insn[bench]), "strong")
			if (times)
				print cell(time(min[bench])), cell(time(median[bench])), cell(time(p99[bench])),
					cell(time(p999[bench])), cell(time(deviation[bench])), cell(strip, "left"),
					cell(harts[bench])
			print "</tr>"
		}
		print "</tbody></table></div>"
	}
	if (!other)
		exit
	print "<div class=\"scroll\"><table><thead><tr><th>how well</th><th>mode</th><th>harts</th><th>unit</th>",
		"<th>minimum</th><th>median</th><th>99&nbsp;%</th><th>deviation</th></tr></thead><tbody>"
	for (i = 1; i <= other; i++) {
		split(others[i], field, ",")
		print "<tr>", named(field[1]), cell(field[2]), cell(field[3]), cell(field[4]), cell(field[6]),
			cell(field[7], "strong"), cell(field[8]), cell(field[10]), "</tr>"
	}
	print "</tbody></table></div>"
}
