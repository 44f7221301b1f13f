import { type Flags, helpOf, parseFlags, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag, tellerOf } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { choosePower } from '../powerChoice.ts'

const flags: Flags = {
  'port': { type: 'string', short: 'p', value: 'PORT', help: 'the camera\'s line, as for restore (default /dev/ttyUSB0)' },
  'power-cycle': { type: 'boolean', help: 'switch the power by itself (DEFIB_POWER_TYPE; a rack:// port implies rack)' },
  'poe-port': { type: 'string', value: 'NAME', help: 'port of the switch' },
  'timeout': { type: 'string', value: 'SECONDS', help: 'all together (default 60)' },
  'data': { type: 'string', value: 'DIR', help: 'the data folder, where it is noted which lines are in use' },
  'output': outputWithQuietFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** Which boot ROM a camera has: every family is tried, and it ends in time. */
export async function detectCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('detect [-p PORT] [flags]', 'Finds out which boot ROM a camera has. Switch the camera off and on when asked. Nothing is written; it may sit in its boot ROM afterwards, until its power is cut.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const given = parseFlags('detect', flags, argv)
  const mode = modeOf(given)
  const { say, done } = tellerOf(deps.out, mode)
  const startedMs = deps.nowMs()
  const poePort = given.text('poe-port')
  const { url, power, notes } = choosePower({ port: given.text('port') ?? '/dev/ttyUSB0', powerCycle: given.has('power-cycle'), poePort, tftpVia: 'auto', environment: deps.environment })
  for (const note of notes) say('log', { level: 'info', message: note }, note)
  const { protocol, chipId, evidence } = await deps.detect({
    url, dataFolder: given.text('data') ?? deps.dataFolder, power: power === 'environment' ? { environment: deps.environment, poePort, linePath: url } : undefined, environment: deps.environment,
    budgetMs: wholeNumber('--timeout', given.text('timeout') ?? '60', 1, 3_600) * 1000,
    ask: async (question, signal) => {
      say('log', { level: 'info', message: question }, question)
      // Whoever wants to hear nothing has to hear this: without a hand at the plug it never ends well.
      if (mode === 'quiet') deps.err.line(question)
      if (!signal.aborted) await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
    },
    tell: (message) => { say('log', { level: 'info', message }, plainText(message, 200)) },
  }, deps.interrupt.signal)
  if (mode === 'quiet') deps.out.line(protocol)
  return done(exitCodes.success, { elapsedMs: Math.round(deps.nowMs() - startedMs), protocol, chipId: chipId ?? null, evidence },
    `${protocol}${chipId === undefined ? '' : `, chip id 0x${chipId.toString(16)}`}: ${plainText(evidence, 200)}`)
}
