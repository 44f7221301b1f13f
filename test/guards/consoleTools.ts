import type { Guard } from './guard.ts'

const shared = { project: 'integration', tests: 'test/integration/consoles/sharedConsole.test.ts' } as const
const scripts = { project: 'integration', tests: 'test/integration/consoles/consoleScripts.test.ts' } as const
const rules = { project: 'integration', tests: 'test/integration/consoles/ruleWatch.test.ts', file: 'src/main/core/consoles/ruleWatch.ts' } as const
const hub = 'src/main/core/consoles/consoleHub.ts'
const writer = 'src/main/core/consoles/writerDesk.ts'

/** One writer, rules that look always, scripts that run by themselves. */
export const consoleToolGuards: readonly Guard[] = [
  { says: 'who has not the writer does not type', ...shared, file: writer, named: 'one writes', find: 'if (writer && writer.id !== viewer?.id) {', replace: "if (writer?.id === '') {" },
  { says: 'who loses the writer learns by whom', ...shared, file: writer, named: 'one writes', find: 'if (writer) lost.set(', replace: 'if (!writer) lost.set(' },
  { says: 'a link that dies frees its writer', ...shared, file: writer, named: 'a link that dies', find: '        leave(viewer.id)\n', replace: '' },
  { says: 'only who looks can hold the writer', ...shared, file: writer, named: 'a link that dies', find: 'if (!writer && viewer && watching.has(viewer.id)) give(viewer)', replace: 'if (!writer && viewer) give(viewer)' },
  { says: 'a released line is not opened again by itself', ...shared, file: hub, named: 'released for another program', find: 'if (lent || released || line.isOpen) { await change; continue }', replace: 'if (lent || line.isOpen) { await change; continue }' },
  { says: 'a line that is taken back is opened again', ...shared, file: hub, named: 'released for another program', find: '---\\r\\n`)); lineBell.ring() }', replace: '---\\r\\n`)) }' },
  { says: 'nothing is typed into a released line', ...shared, file: hub, named: 'released for another program', find: "    if (released) throw releasedError('This console', released, releasedNote(released, clock))\n", replace: '' },
  { says: 'no job starts on a released line', ...shared, file: 'src/main/composition/cameraUse.ts', named: 'no job starts', find: "if (held?.kind === 'released') throw", replace: "if (held?.name === '') throw" },
  { says: 'a script has the camera to itself', ...scripts, file: 'src/main/composition/consoleDesk.ts', named: 'while it runs it has the writer', find: 'leases.take(entry.devices.resource, holder, signal)', replace: "leases.take('nothing', holder, signal)" },
  { says: 'a script of another does not take the writer', ...scripts, file: 'src/main/composition/consoleDesk.ts', named: 'a window that is closed', find: '      mayType(cameraId, viewer)\n', replace: '' },
  { says: 'a rule does not ask a person to switch power', ...scripts, file: 'src/main/composition/consoleDesk.ts', named: 'a rule is met', find: "if (power.ability === 'manual') throw", replace: "if (power.label === '') throw" },
  { says: 'a rule acts once in its time', ...rules, named: 'a rule that runs something', find: 'if (before !== undefined && clock.nowMs() - before < rule.run.everyMinutes * 60_000) return', replace: '' },
  { says: 'a pattern that thinks for years is stopped', ...rules, named: 'a pattern that thinks', find: 'strikes.set(guilty.id, (strikes.get(guilty.id) ?? 0) + 1)', replace: 'strikes.set(guilty.id, 2); throw error' },
  { says: 'two rules do not work on one camera at once', project: 'integration', tests: 'test/integration/consoles/ruleDump.test.ts', file: 'src/main/core/consoles/ruleWatch.ts', named: 'two rules that meet', find: '    if (other) {\n      add(rule', replace: "    if (other?.name === '') {\n      add(rule" },
  { says: 'a rule leaves a camera alone that is set aside', project: 'integration', tests: 'test/integration/consoles/ruleDump.test.ts', file: 'src/main/composition/dumpDesk.ts', named: 'a camera that is in use', find: 'refuseAside(planDump(facts, deps.tools).plan, camera)', replace: 'planDump(facts, deps.tools).plan' },
  { says: 'who somebody is, its link says', ...shared, file: 'src/main/composition/linkContext.ts', named: 'nobody acts in the name', find: "id: typeof given === 'string' ? given : inHere", replace: "id: typeof given === 'string' ? inHere : inHere" },
  { says: 'a word that comes in two pieces is found', ...rules, named: 'looked at as a whole meets', find: '!words.test(tail + small)', replace: '!words.test(small)' },
  { says: 'an open line with a word in it is looked at', ...rules, named: 'looked at as a whole meets', find: 'open === 0 || words.test(small.slice(open)) ? undefined', replace: 'open === 0 ? undefined' },
  { says: 'a prompt after U-Boot is seen', project: 'unit', file: 'src/main/core/consoles/bootWatch.ts', tests: 'src/main/core/consoles/bootWatch.test.ts', named: 'looked at as a whole means', find: "watch.seen !== 'u-boot' && ", replace: '' },
  { says: 'hits stay bounded', ...rules, named: 'a flood stays bounded', find: 'if (hits.length > maxHits) hits =', replace: 'if (hits.length < 0) hits =' },
  { says: 'scripts of a million lines are refused', project: 'unit', file: 'src/main/protocols/consoleScript/parser.ts', tests: 'src/main/protocols/consoleScript/consoleScript.test.ts', named: 'a million lines', find: 'if (lines.length > scriptLimits.lines) throw', replace: 'if (lines.length < 0) throw' },
]
