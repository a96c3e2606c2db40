# SPDX-License-Identifier: MIT
#
# profile.csv of bench/profile: what kinds of instructions, and how many lines.
BEGIN {
	FS = ","
	n = split("insn load store amo csr fence sfence data_lines code_lines", column, " ")
	split("instructions,loads,stores,atomics,CSR,fences,sfence,data lines,code lines", title, ",")
	print "<div class=\"scroll\"><table><thead><tr><th>an operation of</th>"
	for (i = 1; i <= n; i++)
		print "<th>", title[i], "</th>"
	print "</tr></thead><tbody>"
}
NR == 1 {
	for (i = 1; i <= NF; i++)
		at[$i] = i
	next
}
{
	print "<tr><td>", escape($1), "</td>"
	for (i = 1; i <= n; i++)
		print cell(column[i] in at ? count(sprintf("%.1f", $at[column[i]])) : "")
	print "</tr>"
}
END { print "</tbody></table></div>" }
