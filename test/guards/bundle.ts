import type { Guard } from './guard.ts'

const rules = { project: 'unit', tests: 'src/main/protocols/redaction/redactor.test.ts' } as const
const sources = { file: 'src/main/protocols/redaction/rules.ts', ...rules } as const
const wired = { project: 'integration', tests: 'test/integration/captures/bundle.test.ts' } as const

/** What keeps secrets out of a bundle, and a bundle from doing harm. */
export const bundleGuards: readonly Guard[] = [
  { says: 'a secret that a line break of an editor parts is one secret', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a secret broken by', find: '  if (parts.length > 1) {\n    for (const joint', replace: '  if (parts.length > 1_000_000) {\n    for (const joint' },
  { says: 'a secret that escape sequences part is one secret', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a secret broken by', find: "text.replace(escapeSequences, '').split", replace: 'text.split' },
  { says: 'a private key goes whole', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a private key goes whole', find: 'else memory.keyLinesLeft = keyEnds.test(whole) ? 0 : memory.keyLinesLeft - 1', replace: 'else memory.keyLinesLeft = 0' },
  { says: 'a WLAN key that setenv sets is taken out', ...sources, named: '# fw_setenv wlan_psk', find: "['wlan', typed('psk')],", replace: '' },
  { says: 'a WLAN key given to iwconfig is taken out, also one in digits', ...sources, named: 'iwconfig wlan0 enc', find: 'iwconfig', replace: 'iwconfig_' },
  { says: 'a WLAN key that says by its letter what it is is taken out', ...sources, named: 'net key 0:abcde', find: '(?:s|[0-3]):', replace: '(?:s):' },
  { says: 'a Wi-Fi key with blanks goes to its end', ...sources, named: 'Wi-Fi key: geheim 99', find: 'w(?:i-?fi|lan|pa|ep)[ -]', replace: 'w(?:lan|pa|ep)[ -]' },
  { says: 'a token after a colon is taken out', ...sources, named: 'token: geheim99', find: '(?:token|secret|credential)s?', replace: '(?:secret|credential)s?' },
  { says: 'a secret after a colon is taken out', ...sources, named: 'secret: geheim99', find: '(?:token|secret|credential)s?', replace: '(?:token|credential)s?' },
  { says: 'a password that sshpass is given by -p is taken out', ...sources, named: 'sshpass -p', find: '(?:sshpass|', replace: '(?:' },
  { says: 'a password that mosquitto_pub is given by -P is taken out', ...sources, named: 'mosquitto_pub -h', find: '|mosquitto_(?:pub|sub))', replace: ')' },
  { says: 'a password that a setting tool is given after its name is taken out', ...sources, named: 'cli -s .system.webPassword', find: '(?:cli|nvram|uci|env)', replace: '(?:nvram|uci|env)' },
  { says: 'a WLAN key in nvram is taken out', ...sources, named: 'nvram set wifi_psk', find: '(?:${passwords}|psk)', replace: '(?:${passwords})' },
  { says: 'name and password that curl is given by -u are taken out', ...sources, named: 'curl -u admin', find: '(?:-u|--user)', replace: '(?:--user)' },
  { says: 'a password that is piped into chpasswd is taken out', ...sources, named: 'chpasswd', find: '{0,4}chpasswd', replace: '{0,4}chpasswd_' },
  { says: 'a password is one in other languages too', ...sources, named: 'geheim99', find: '(?:${otherTongues})', replace: '(?:contrase)' },
  { says: 'a question for a password is one in other languages too', ...sources, named: 'what asks for a secret', find: '|token|key)\\b|', replace: '|token|key)\\b|_' },
  { says: 'what is typed at a question for a password is none of the bundle\'s business', file: 'src/main/core/bundle/heardLines.ts', ...wired, named: 'secrets said in every way', find: "kind === 'tx' && isAsked()", replace: 'false' },
  { says: 'a secret that one line gave away is taken out of all', file: 'src/main/composition/bundleDesk.ts', ...wired, named: 'secrets said in every way', find: '      await redactor.useLearned(signal)\n', replace: '' },
  { says: 'a long line is cut, and what lies across the cut goes', file: 'src/main/core/bundle/heardLines.ts', ...wired, named: 'a line of a megabyte', find: 'if (line.length >= mostLineBytes) { line.leftOutBytes += 1; return }', replace: '' },
  { says: 'the page of a bundle is redacted and escaped', file: 'src/main/composition/bundleParts.ts', ...wired, named: 'secrets said in every way', find: "yield file('index.html', [encode(await redactor.html(page, signal))])", replace: "yield file('index.html', [encode(page)])" },
  { says: 'a bundle has a largest size', file: 'src/main/drivers/files/zipFile.ts', ...wired, named: 'fails half way', find: 'if (bytes > maxBytes) throw', replace: 'if (bytes < 0) throw' },
  { says: 'a U-Boot after a kernel is another boot', file: 'src/main/protocols/bootPhases/bootTrack.ts', project: 'unit', tests: 'src/main/protocols/bootPhases/bootTrack.test.ts', named: 'a reset begins', find: ': reached(boot) >= rank(phase))', replace: ': reached(boot) > 9)' },
  { says: 'boots whose captures are gone go with them', file: 'src/main/drivers/storage/captureIndex/indexLines.ts', project: 'integration', tests: 'test/integration/captures/boots.test.ts', named: 'what the quota deletes', find: "          database.prepare('DELETE FROM boots WHERE part = ?').run(part)\n", replace: '' },
  { says: 'what a camera draws cuts no line', file: 'src/main/drivers/storage/captureIndex/indexLines.ts', project: 'integration', tests: 'test/integration/captures/captureDesk.test.ts', named: 'what it drew is on the time line', find: " && record.kind !== 'watts'", replace: '' },
  { says: 'a change of power cuts no line', file: 'src/main/drivers/storage/captureIndex/indexLines.ts', project: 'integration', tests: 'test/integration/captures/captureDesk.test.ts', named: 'what happened to the power', find: "record.kind !== 'tx' && !isPowerEdge(record.kind)", replace: "record.kind !== 'tx'" },
  { says: 'power that was not proved is not said to be switched', file: 'src/main/core/rack/powerEdges.ts', project: 'unit', tests: 'src/main/core/rack/powerEdges.test.ts', named: 'acts are told', find: "      tell('power-failed')\n      throw error", replace: '      done(state)\n      throw error' },
]
