import { resolve } from 'node:path'
import { parseYaml } from '../../../composition/boardConfig.ts'
import { readGivenText } from '../../../composition/givenFile.ts'
import { type Flags, helpOf, oneOf, type ParsedFlags, parseFlags, usage } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { createTeller, isJson, outputFlag, type Teller } from '../output/events.ts'
import { plainText } from '../output/lineWriter.ts'
import { countText, sizeText } from '../output/words.ts'
import { keyOf } from './release.ts'

const flags: Flags = {
  port: { type: 'string', short: 'p', value: 'ADDRESS', help: 'the console of the board: /dev/ttyACM0, COM3, tcp://HOST:PORT' },
  source: { type: 'string', value: 'URL|DIR', help: 'update: a server of the shape of GitHub, github:OWNER/REPO, or a folder of versions' },
  config: { type: 'string', value: 'FILE', help: 'update: the ota_config of the board (.json, .yaml)' },
  channel: { type: 'string', value: 'NAME', help: 'update: stable (default) or developer' },
  branch: { type: 'string', value: 'NAME', help: 'update: of the developer channel (default main)' },
  key: { type: 'string', value: 'KEY', help: 'update: the signature is checked with it. Better: --key-file, or RACKBENCH_MANIFEST_KEY' },
  'key-file': { type: 'string', value: 'FILE', help: 'update: the key is the first line of this file' },
  deltas: { type: 'boolean', help: 'update: use deltas where the version has them' },
  force: { type: 'boolean', help: 'update: also when the board reports this version already' },
  reset: { type: 'string', value: 'MODE', help: 'update: hard, soft or none afterwards (default hard)' },
  output: outputFlag,
  data: { type: 'string', value: 'DIR', help: 'the data folder' },
  help: { type: 'boolean', short: 'h', help: 'this text' },
}

/** MicroPython boards over their console. */
export async function mpyCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('mpy', flags, argv, 1)
  if (given.has('help')) {
    helpOf('mpy update --port PORT --source URL|DIR | recover --port PORT', 'Brings a MicroPython board to the version that a source offers, wholly or not at all, and reads it back; or clears up after an interruption.', flags).forEach(deps.out.line)
    return exitCodes.success
  }
  const verb = oneOf('mpy', given.positionals[0] ?? '', ['update', 'recover'])
  const teller = createTeller(deps.out, isJson(given))
  const url = given.text('port')
  if (url === undefined) throw usage('--port is needed', `rackbench mpy ${verb} --port /dev/ttyACM0`)
  const board = { url, dataFolder: given.text('data') ?? deps.dataFolder, tell: tellEvents(teller) }
  if (verb === 'recover') {
    const report = await deps.mpy.recover(board, deps.interrupt.signal)
    return teller.done(exitCodes.success, { report }, report.end === 'nothing' ? 'Nothing had been under way' : `The board has its ${report.end} files again`)
  }
  return update(given, board, deps, teller)
}

async function update(given: ParsedFlags, board: Parameters<CliDeps['mpy']['recover']>[0], deps: CliDeps, { done }: Teller): Promise<ExitCode> {
  const source = given.text('source')
  if (source === undefined) throw usage('--source is needed', 'rackbench mpy update --port PORT --source URL|DIR')
  const key = await keyOf(given, deps.environment)
  const text = (name: string, as: string, allowed?: readonly string[]): object => {
    const value = given.text(name)
    // A board takes any other channel for the developer's; a slip of the finger here must not.
    return value === undefined ? {} : { [as]: allowed ? oneOf(`--${name}`, value, allowed) : value }
  }
  const config = {
    ...await configIn(given.text('config')), ...text('channel', 'channel', ['stable', 'developer']), ...text('branch', 'branch'), ...text('reset', 'reset_mode', ['hard', 'soft', 'none']),
    ...(key === undefined ? {} : { manifest_key: key }), ...(given.has('deltas') ? { enable_delta_updates: true } : {}), ...(given.has('force') ? { force: true } : {}),
  }
  const isUrl = /^(https?:\/\/|github:)/.test(source)
  const outcome = await deps.mpy.update({ ...board, source: isUrl ? source : resolve(source), config }, deps.interrupt.signal)
  const words = outcome.end === 'updated' ? `The board has ${outcome.version}: ${countText(outcome.filesChanged, 'file')} changed, ${sizeText(outcome.fetchedBytes)} fetched, read back and proved`
    : outcome.end === 'up-to-date' ? `The board has ${outcome.version} already` : outcome.reason ?? ''
  return done(exitCodes.success, outcome, plainText(words, 300))
}

async function configIn(path: string | undefined): Promise<object> {
  if (path === undefined) return {}
  const text = await readGivenText(path, 'It is the ota_config of the board, as JSON or YAML')
  if (/\.toml$/i.test(path)) throw usage('A configuration in TOML is not read', 'Write it as JSON or YAML')
  const isYaml = /\.ya?ml$/i.test(path)
  try {
    const value: unknown = isYaml ? parseYaml(text) : JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch { /* said below */ }
  throw usage(`The configuration is no ${isYaml ? 'YAML' : 'JSON'} object`, 'Such as {"channel": "stable"}, or channel: stable')
}

const tellEvents = ({ say }: Teller): Parameters<CliDeps['mpy']['update']>[0]['tell'] => (event) => {
  const { type, ...rest } = event
  // Each line has one `event`, and that is a word.
  const facts = event.type === 'transaction' ? { ...event.event, type: undefined, step: event.event.type } : rest
  const words = event.type === 'target' ? `The source offers ${event.version}: ${countText(event.files, 'file')} (${event.mode} mode)`
    : event.type === 'staged' && event.how !== 'unchanged' ? `  ${event.path} (${event.how})`
      : event.type === 'delta-failed' ? `  ${event.path}: the delta cannot be used (${event.why}); the whole file is fetched`
        : event.type === 'note' ? event.words
          : event.type === 'recovered' ? `An earlier update had been interrupted; the board has its ${event.report.end} files` : ''
  say(type, facts, plainText(words, 300))
}
