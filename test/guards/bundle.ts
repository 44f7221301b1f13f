import type { Guard } from './guard.ts'

const rules = { project: 'unit', tests: 'src/main/protocols/redaction/redactor.test.ts' } as const
const wired = { project: 'integration', tests: 'test/integration/captures/bundle.test.ts' } as const

/** What keeps secrets out of a bundle, and a bundle from doing harm. */
export const bundleGuards: readonly Guard[] = [
  { says: 'a secret that a line break of an editor parts is one secret', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a secret broken by', find: '  if (parts.length > 1) {\n    for (const joint', replace: '  if (parts.length > 1_000_000) {\n    for (const joint' },
  { says: 'a secret that escape sequences part is one secret', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a secret broken by', find: "text.replace(escapeSequences, '').split", replace: 'text.split' },
  { says: 'a private key goes whole', file: 'src/main/protocols/redaction/redactor.ts', ...rules, named: 'a private key goes whole', find: 'else memory.keyLinesLeft = keyEnds.test(whole) ? 0 : memory.keyLinesLeft - 1', replace: 'else memory.keyLinesLeft = 0' },
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
