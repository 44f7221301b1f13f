import { type Flags, helpOf, oneOf, parseFlags, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag } from '../output/events.ts'
import { table } from '../output/words.ts'

const flags: Flags = {
  'pods': { type: 'string', value: 'N', help: 'number of pods, 1 to 100 (default 1)' },
  'port-base': { type: 'string', value: 'PORT', help: 'pod k answers HTTP on PORT+2k and its UART on the port after it; 0: any free ports (default 0)' },
  'rfc2217-base': { type: 'string', value: 'PORT', help: 'pod k has its UART as an RFC 2217 port too, on PORT+k; 0: any free port (default: none)' },
  'boot-rom': { type: 'boolean', help: 'the boot ROM takes a U-Boot over the UART too, as that of a camera on a desk; else only the pod uploads one' },
  'speed': { type: 'string', value: 'SPEED', help: 'fast, or real: as slow as hardware (default fast)' },
  'flash-mb': { type: 'string', value: 'MB', help: '8, 16, 32 (default 16)' },
  'fault': { type: 'string', value: 'NAME[:ARG]', multiple: true, help: 'an oddity; may be given several times' },
  'host': { type: 'string', value: 'ADDRESS', help: 'address to listen on (default 127.0.0.1)' },
  'list-faults': { type: 'boolean', help: 'the names of the faults, with a sentence each' },
  'output': outputFlag,
  'help': { type: 'boolean', short: 'h', help: 'this text' },
}

/** For other programs: one line of JSON on stdout says where everything is; then it serves until SIGINT. */
export async function simCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('sim', flags, argv)
  if (given.has('help')) {
    helpOf('sim [flags]', 'Runs simulated pods with a camera each for other programs, until SIGINT.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const json = isJson(given)
  if (given.has('list-faults')) {
    if (json) { deps.out.line(JSON.stringify({ faults: deps.simulator.faults() })); return exitCodes.success }
    table(deps.simulator.faults().map(({ name, sentence }) => [name, sentence])).forEach(deps.out.line)
    return exitCodes.success
  }
  const rfc2217Base = given.text('rfc2217-base')
  const options = {
    pods: wholeNumber('--pods', given.text('pods') ?? '1', 1, 100),
    portBase: portBaseOf('--port-base', given.text('port-base') ?? '0'),
    rfc2217Base: rfc2217Base === undefined ? undefined : portBaseOf('--rfc2217-base', rfc2217Base),
    ...(given.has('boot-rom') ? { bootRom: true } : {}),
    speed: oneOf('--speed', given.text('speed') ?? 'fast', ['fast', 'real']),
    flashMb: Number(oneOf('--flash-mb', given.text('flash-mb') ?? '16', ['8', '16', '32'])) as 8 | 16 | 32,
    faults: given.texts('fault'),
    host: given.text('host') ?? '127.0.0.1',
  }
  await deps.simulator.run(options, deps.out.line, deps.err.line, deps.interrupt.signal)
  return createTeller(deps.out, json).done(exitCodes.success, {}, '')
}

const portBaseOf = (flag: string, text: string): number => (text === '0' ? 0 : wholeNumber(flag, text, 1, 65_300))
