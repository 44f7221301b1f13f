import type { Guard } from './guard.ts'

const line = 'src/main/core/consoles/consoleLine.ts'
const hub = 'src/main/core/consoles/consoleHub.ts'
const paced = { project: 'integration', tests: 'test/integration/consoles/readPace.test.ts' } as const
const quiet = 'src/main/drivers/host/quietProcess.ts'
const apart = { project: 'integration', tests: 'test/integration/hosts/quietProcess.test.ts' } as const

/** What keeps order, times and every byte of consoles that are read in turns, and lets the index work beside them. */
export const consolePaceGuards: readonly Guard[] = [
  { says: 'consoles that talk are read in turns', file: line, ...paced, named: 'the first bytes after a silence', find: '    arrived = await nextTurn(mine)\n', replace: '    arrived = undefined\n' },
  { says: 'a job waits for no turn', file: line, ...paced, named: 'a job reads each byte at once', find: ' || isUrgent()', replace: '' },
  { says: 'a line that is let go gives what waited', file: line, ...paced, named: 'no byte is lost', find: '      mine.endTurn?.()\n', replace: '' },
  { says: 'what was said before a job came is not its own', file: hub, ...paced, named: 'a job reads each byte at once', find: '      line.catchUp()\n      const mine: Lent', replace: '      const mine: Lent' },
  { says: 'what is typed stands behind what was said', file: hub, ...paced, named: 'what is typed', find: '    line.catchUp()\n    // On a closed line', replace: '    // On a closed line' },
  { says: 'bytes that waited keep their times', file: 'src/main/drivers/storage/captures/consoleWriter.ts', ...paced, named: 'what is typed', find: 'if (arrivals) for', replace: 'if (arrivals && stageBytes < 0) for' },
  { says: 'a camera that was cut did not speak after it', file: 'src/main/core/rack/powerEdges.ts', project: 'unit', tests: 'src/main/core/rack/powerEdges.test.ts', named: 'before the cut', find: '=> { catchUp(); last = state;', replace: '=> { last = state;' },
  { says: 'a talkative console makes no message for each piece', file: 'src/main/core/consoles/laneServer.ts', project: 'integration', tests: 'test/integration/consoles/laneServer.test.ts', named: 'the first news after a silence', find: 'Math.max(0, sentAtMs + batchMs - clock.nowMs())', replace: '0' },
  { says: 'the index leaves the processor to consoles and windows', file: quiet, ...apart, named: 'with less right to the processor', find: 'for (const thread of threadsOfMine()) setPriority(thread,', replace: 'setPriority(' },
  { says: 'the process of the index ends with a workbench that was killed', file: quiet, ...apart, named: 'leaves no process behind', find: '      process.exit()\n', replace: '      setInterval(() => undefined, 1_000)\n' },
  { says: 'a process of the workbench that ended is waited for by nobody', file: quiet, ...apart, named: 'an error, at once and later', find: "      if (isGone) throw new WorkbenchError('host/io', 'A process of the workbench ended')\n", replace: '' },
  { says: 'a Ctrl+C does not end the index before the workbench', file: quiet, ...apart, named: 'leaves it to the workbench', find: "['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => undefined)", replace: "['SIGUSR2'] as const) process.on(name, () => undefined)" },
]
