import { type Flags, helpOf, parseFlags, usage, wholeNumber } from '../arguments.ts'
import type { CliDeps } from '../cliWorkbench.ts'
import { type ExitCode, exitCodes } from '../exitCodes.ts'
import { modeOf, outputWithQuietFlag as output, tellerOf } from '../output/events.ts'
import type { OutputMode } from './restoreArguments.ts'
import { plainText } from '../output/lineWriter.ts'
import { table } from '../output/words.ts'

const help = { type: 'boolean', short: 'h', help: 'this text' } as const

const captureFlags: Flags = {
  port: { type: 'string', short: 'p', value: 'PORT', help: 'the line, as for restore (required)' },
  out: { type: 'string', short: 'o', value: 'FILE', help: 'the capture; never overwritten (required)' },
  chip: { type: 'string', short: 'c', value: 'CHIP', help: 'noted in the file' },
  duration: { type: 'string', value: 'SECONDS', help: 'how long (default 60)' },
  data: { type: 'string', value: 'DIR', help: 'the data folder, where it is noted which lines are in use' },
  output, help,
}

/** A talking camera sends many pieces a second. */
const tellEveryMs = 1_000

/** Listens to a line and keeps what comes, with its time. */
export async function captureCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('capture', captureFlags, argv)
  if (given.has('help')) { helpOf('capture -p PORT -o FILE.dcap [flags]', 'Keeps what a camera says, with its time. Types nothing.', captureFlags).forEach(deps.out.line); return exitCodes.success }
  const mode = modeOf(given)
  const { say, done } = tellerOf(deps.out, mode)
  const url = given.text('port')
  const path = given.text('out')
  if (url === undefined || path === undefined) throw usage('--port (-p) and --out (-o) are needed', 'rackbench capture --help lists the flags')
  const durationMs = wholeNumber('--duration', given.text('duration') ?? '60', 1, 86_400) * 1000
  let toldMs = deps.nowMs()
  const tell = (bytes: number): void => {
    if (mode !== 'quiet') deps.out.status(`${bytes} bytes`)
    if (deps.nowMs() - toldMs < tellEveryMs) return
    toldMs = deps.nowMs()
    say('progress', { receivedBytes: bytes }, '')
  }
  const { receivedBytes, isLost } = await deps.captureLine({ url, path, dataFolder: given.text('data') ?? deps.dataFolder, chip: given.text('chip') ?? '', durationMs, tell }, deps.interrupt.signal)
  return done(isLost ? exitCodes.notReachable : exitCodes.success, { receivedBytes, path }, `${receivedBytes} bytes in ${path}${isLost ? '; the line was lost before the time was over' : receivedBytes === 0 ? '; the line was silent: check power, and that RX is wired to the TX of this camera' : ''}`)
}

const shownRecords = 50

const replayFlags: Flags = {
  serve: { type: 'string', value: 'ADDRESS', help: 'be a camera\'s line at tcp://127.0.0.1:PORT until SIGINT (port 0: any free one)' },
  speed: { type: 'string', value: 'N', help: 'times as fast as recorded, 1 to 1000 (default 1)' },
  output, help,
}

/** What is in a capture; or, with `--serve`, the capture as a line. */
export async function replayCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('replay', replayFlags, argv, 1)
  if (given.has('help')) { helpOf('replay FILE.dcap [flags]', `Tells what is in a capture: its facts, and the first ${shownRecords} records. With --serve it is played to whoever connects, and what they type goes nowhere.`, replayFlags).forEach(deps.out.line); return exitCodes.success }
  const mode = modeOf(given)
  const [path] = given.positionals
  if (path === undefined) throw usage('Which capture?', 'rackbench replay FILE.dcap')
  const address = given.text('serve')
  if (address !== undefined) return serveAsLine({ path, address, speed: wholeNumber('--speed', given.text('speed') ?? '1', 1, 1_000) }, mode, deps)
  if (given.text('speed') !== undefined) throw usage('--speed is of use with --serve only', 'rackbench replay --help lists the flags')
  const { chip, baudRate, records, note } = await deps.readCapture(path)
  const bytesOf = (direction: 'to-device' | 'from-device'): number => records.filter((record) => record.direction === direction).reduce((sum, { bytes }) => sum + bytes.length, 0)
  const facts = { file: path, chip, baudrate: baudRate, records: records.length, tx_bytes: bytesOf('to-device'), rx_bytes: bytesOf('from-device'), duration_us: records.at(-1)?.timeUs ?? 0, note: note ?? null }
  const exitCode = tellerOf(deps.out, mode).done(exitCodes.success, facts, `${path}: ${records.length} records, ${facts.rx_bytes} bytes from the camera, ${facts.tx_bytes} to it, ${(facts.duration_us / 1e6).toFixed(3)} s at ${baudRate} baud${chip === '' ? '' : `, ${plainText(chip, 40)}`}`)
  if (mode !== 'human') return exitCode
  if (note !== undefined) deps.out.line(`Warning: ${note}`)
  for (const { timeUs, direction, bytes } of records.slice(0, shownRecords)) deps.out.line(`${(timeUs / 1e6).toFixed(6).padStart(12)} ${direction === 'to-device' ? '>' : '<'} ${plainText(new TextDecoder('latin1').decode(bytes.subarray(0, 100)), 100)}`)
  return exitCode
}

async function serveAsLine(what: Pick<Parameters<CliDeps['serveReplay']>[0], 'path' | 'address' | 'speed'>, mode: OutputMode, deps: CliDeps): Promise<ExitCode> {
  const { say, done } = tellerOf(deps.out, mode)
  await deps.serveReplay({
    ...what, ready: (url) => { say('serving', { url, file: what.path }, `${what.path} is replayed at ${url}; Ctrl-C ends it`) },
    clients: (count) => { say('clients', { count }, count === 0 ? 'Nobody is connected' : `${count} connected`) },
  }, deps.interrupt.signal)
  return done(exitCodes.success, {}, '')
}

const networkFlags: Flags = {
  'file': { type: 'string', short: 'f', value: 'FILE', help: 'what is served (required, but for --list)' },
  'list': { type: 'boolean', help: 'list the network interfaces of this computer with their addresses, and serve nothing' },
  'ip': { type: 'string', value: 'ADDRESS', help: 'of this computer (default: all of them); it must have it already, but for --netmask' },
  'nic': { type: 'string', value: 'NAME', help: 'the interface whose address is meant' },
  'netmask': { type: 'string', value: 'MASK', help: 'give this computer --ip on --nic, for as long as this runs (Linux, as root)' },
  'tftp-port': { type: 'string', value: 'PORT', help: 'UDP port (default 69)' },
  'timeout': { type: 'string', value: 'SECONDS', help: 'until a client has all of it (default 300)' },
  output, help,
}

/** One file by TFTP, until one client has it. */
export async function networkCommand(argv: readonly string[], deps: CliDeps): Promise<ExitCode> {
  const given = parseFlags('network', networkFlags, argv)
  if (given.has('help')) { helpOf('network -f FILE [flags] | network --list', 'Serves one file by TFTP and ends when a client has all of it. Without --netmask no address of this computer is changed.', networkFlags).forEach(deps.out.line); return exitCodes.success }
  const mode = modeOf(given)
  if (given.has('list')) return listInterfaces(given.text('file'), mode, deps)
  const { say, done } = tellerOf(deps.out, mode)
  const path = given.text('file')
  if (path === undefined) throw usage('--file (-f) is missing', 'rackbench network --help lists the flags')
  const [address, nic, netmask] = [given.text('ip'), given.text('nic'), given.text('netmask')]
  if (netmask !== undefined && (address === undefined || nic === undefined)) throw usage('--netmask gives this computer an address for a while: which one is --ip, and where is --nic', 'For example --ip 192.168.1.10 --nic eth1 --netmask 255.255.255.0')
  const { sentBytes } = await deps.serveOneFile({
    path, address, nic, netmask, port: wholeNumber('--tftp-port', given.text('tftp-port') ?? '69', 0, 65_535), limitMs: wholeNumber('--timeout', given.text('timeout') ?? '300', 1, 86_400) * 1000,
    ready: (name, ip, port) => { say('tftp_ready', { ip, port, name }, `Serving ${name} on ${ip}:${port}`) },
    note: (level, message) => { say('log', { level, message }, plainText(message, 300)); if (mode === 'quiet' && level === 'warning') deps.err.line(plainText(message, 300)) },
    progress: (doneBytes, totalBytes) => { say('tftp_progress', { bytes_sent: doneBytes, bytes_total: totalBytes }, '') },
  }, deps.interrupt.signal)
  return done(exitCodes.success, { bytes_sent: sentBytes }, `${sentBytes} bytes were fetched`)
}

/** Names and addresses for `--nic` and `--host-ip`. */
function listInterfaces(path: string | undefined, mode: OutputMode, { out, hostAddresses }: CliDeps): ExitCode {
  if (path !== undefined) throw usage('--list serves nothing, so it takes no --file')
  const found = hostAddresses()
  if (mode === 'json') out.line(JSON.stringify({ interfaces: found.map(({ nic, address, prefixBits, internal }) => ({ nic, address, prefixBits, internal })) }))
  else if (mode === 'quiet') for (const { nic } of found) out.line(plainText(nic, 40))
  else if (found.length === 0) out.line('This computer has no IPv4 address')
  else table([['interface', 'address', ''], ...found.map(({ nic, address, prefixBits, internal }) => [plainText(nic, 40), `${address}/${prefixBits}`, internal ? 'this computer only' : ''])]).forEach(out.line)
  return exitCodes.success
}
