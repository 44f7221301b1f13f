import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type Flags, helpOf, oneOf, parseFlags, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodeOfError, exitCodes } from '../exitCodes.ts'
import { plainText } from '../output/lineWriter.ts'
import { choosePower } from '../powerChoice.ts'

const flags: Flags = {
  'port': { type: 'string', short: 'p', value: 'PORT', help: 'the camera\'s line, as for restore (default /dev/ttyUSB0)' },
  'power-cycle': { type: 'boolean', help: 'switch the power by itself (DEFIB_POWER_TYPE; a rack:// port implies rack)' },
  'poe-port': { type: 'string', value: 'NAME', help: 'port of the switch' },
  'timeout': { type: 'string', value: 'SECONDS', help: 'all together (default 60)' },
  'output': { type: 'string', value: 'MODE', help: 'human, json (default human)' },
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** Which boot ROM a camera has: every family is tried, and it ends in time. */
export async function detectCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  if (argv.includes('--help') || argv.includes('-h')) {
    helpOf('detect [-p PORT] [flags]', 'Finds out which boot ROM a camera has. Switch the camera off and on when asked. Nothing is written; it may sit in its boot ROM afterwards, until its power is cut.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const given = parseFlags('detect', flags, argv)
  const json = oneOf('--output', given.text('output') ?? 'human', ['human', 'json']) === 'json'
  const say = (event: string, facts: object, words: string): void => { deps.out.line(json ? JSON.stringify({ event, ...facts }) : words) }
  const startedMs = deps.nowMs()
  try {
    const poePort = given.text('poe-port')
    const { url, power, notes } = choosePower({ port: given.text('port') ?? '/dev/ttyUSB0', powerCycle: given.has('power-cycle'), poePort, tftpVia: 'auto', environment: deps.environment })
    for (const note of notes) say('log', { level: 'info', message: note }, note)
    const found = await deps.detect({
      url, power: power === 'environment' ? { environment: deps.environment, poePort, linePath: url } : undefined, environment: deps.environment,
      budgetMs: wholeNumber('--timeout', given.text('timeout') ?? '60', 1, 3_600) * 1000,
      ask: async (question, signal) => {
        say('log', { level: 'info', message: question }, question)
        if (!signal.aborted) await new Promise<void>((resolve) => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
      },
      tell: (message) => { say('log', { level: 'info', message }, plainText(message, 200)) },
    }, deps.interrupt.signal)
    const { protocol, chipId, evidence } = found
    say('done', { success: true, elapsedMs: Math.round(deps.nowMs() - startedMs), protocol, chipId: chipId ?? null, evidence }, `${protocol}${chipId === undefined ? '' : `, chip id 0x${chipId.toString(16)}`}: ${plainText(evidence, 200)}`)
    return exitCodes.success
  } catch (error) {
    if (!json || !(error instanceof WorkbenchError)) throw error
    const wire = toWire(error)
    say('error', wire, '')
    say('done', { success: false, elapsedMs: Math.round(deps.nowMs() - startedMs), protocol: null }, '')
    return exitCodeOfError(wire.code)
  }
}
