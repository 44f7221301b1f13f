import { fetchByTftp, type TftpOutcome } from '../tftpClient.ts'
import { sendByTftp } from '../tftpSender.ts'
import { hexNumber, hexText, type UbootCommand, type UbootMachine, usage } from '../ubootMachine.ts'

export const podAddress = '192.168.1.1'
const blockBytes = 1468
const marksPerLine = 65
const blocksPerMark = 10

export const ping: UbootCommand = async ([, host], machine) => {
  if (host === undefined) return usage(machine, 'ping', 'send ICMP ECHO_REQUEST to network host\n\nUsage:\nping pingAddress')
  if (!await startNetwork(machine)) return 1
  machine.say('Using eth0 device\n')
  const answers = host === podAddress ? onPodSegment(machine) : machine.network.datagrams !== undefined
  if (answers) {
    machine.say(`host ${host} is alive\n`)
    return 0
  }
  if (await waitOrInterrupt(machine, 10_000)) return abort(machine)
  machine.say(`ping failed; host ${host} is not alive\n`)
  return 1
}

export const tftpboot: UbootCommand = async ([, ...args], machine) => {
  const { environment } = machine
  const first = hexNumber(args[0])
  const address = first !== undefined && args.length > 1 ? first : hexNumber(environment.get('loadaddr') ?? environment.get('baseaddr'))
  const file = first !== undefined && args.length > 1 ? args[1] : args[0] ?? environment.get('bootfile')
  if (address === undefined || file === undefined || args.length > 2) return usage(machine, 'tftpboot', 'boot image via network using TFTP protocol\n\nUsage:\ntftpboot [loadAddress] [[hostIPaddr:]bootfilename]')
  const [, host, name = file] = /^(\d+\.\d+\.\d+\.\d+):(.*)$/.exec(file) ?? []
  const server = host ?? environment.get('serverip')
  if (server === undefined) { machine.say("*** ERROR: `serverip' not set\n"); return 1 }
  if (!await startNetwork(machine)) return 1
  machine.say(`Using eth0 device\nTFTP from server ${server}; our IP address is ${environment.get('ipaddr') ?? ''}\nFilename '${name}'.\nLoad address: ${hexText(address)}\nLoading: `)
  return finishTransfer(machine, address, server === podAddress ? await fetchFromPod(machine, name, address) : await fetchFromLab(machine, server, name, address))
}

const putUsage = 'TFTP put command, for uploading files to server\n\nUsage:\ntftpput Address Size [[hostIPaddr:]filename]'

export const tftpput: UbootCommand = async ([, addressWord, sizeWord, file, ...more], machine) => {
  const { environment } = machine
  const address = hexNumber(addressWord)
  const size = hexNumber(sizeWord)
  if (address === undefined || size === undefined || file === undefined || more.length > 0) return usage(machine, 'tftpput', putUsage)
  const [, host, name = file] = /^(\d+\.\d+\.\d+\.\d+):(.*)$/.exec(file) ?? []
  const server = host ?? environment.get('serverip')
  if (server === undefined) { machine.say("*** ERROR: `serverip' not set\n"); return 1 }
  if (!await startNetwork(machine)) return 1
  machine.say(`Using eth0 device\nTFTP to server ${server}; our IP address is ${environment.get('ipaddr') ?? ''}\nFilename '${name}'.\nSave address: ${hexText(address)}\nSave size:    ${hexText(size)}\nSaving: `)
  return finishTransfer(machine, address, await sendToLab(machine, server, name, machine.ram.read(address, size)))
}

async function sendToLab(machine: UbootMachine, server: string, name: string, bytes: Uint8Array): Promise<TftpOutcome> {
  // The pod serves files and takes none.
  if (server === podAddress) return { kind: 'refused', code: 2, text: 'Access violation' }
  const port = Number(machine.environment.get('tftpdstp') ?? 69)
  return sendByTftp({ machine, name, server: { address: server, port }, mark: createMarks(machine), bytes })
}

async function finishTransfer(machine: UbootMachine, address: number, outcome: TftpOutcome): Promise<number> {
  switch (outcome.kind) {
    case 'aborted': return abort(machine)
    case 'gave-up': machine.say('\nRetry count exceeded; not retrying\n'); return 1
    case 'unreachable': machine.say(`\n*** ERROR: ${outcome.text}\n`); return 1
    case 'refused': machine.say(`\nTFTP error: '${outcome.text}' (${outcome.code})\nNot retrying...\n`); return 1
    case 'done': {
      const { lengthBytes } = outcome
      machine.say('\ndone\n')
      if (lengthBytes > 0) machine.say(`Bytes transferred = ${lengthBytes} (${lengthBytes.toString(16)} hex)\n`)
      machine.environment.set('filesize', lengthBytes.toString(16))
      machine.environment.set('fileaddr', address.toString(16))
      return 0
    }
  }
}

/** Every network command begins with a PHY that has to negotiate again. False, with the reason printed, when it cannot even try. */
async function startNetwork(machine: UbootMachine): Promise<boolean> {
  const mac = machine.environment.get('ethaddr')
  if (mac === undefined || !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) {
    machine.say("*** ERROR: `ethaddr' not set\n")
    return false
  }
  if (machine.environment.get('ipaddr') === undefined) {
    machine.say("*** ERROR: `ipaddr' not set\n")
    return false
  }
  if (await waitOrInterrupt(machine, machine.timing.networkStartMs)) {
    abort(machine)
    return false
  }
  machine.say('eth0 : phy status change : LINK=UP : DUPLEX=FULL : SPEED=100M\n')
  return true
}

function abort(machine: UbootMachine): number {
  machine.say('\nAbort\n')
  return 1
}

/** True when Ctrl-C came. */
async function waitOrInterrupt(machine: UbootMachine, durationMs: number): Promise<boolean> {
  const endMs = machine.clock.nowMs() + durationMs
  for (;;) {
    if (machine.keyboard.takeInterrupt()) return true
    const leftMs = endMs - machine.clock.nowMs()
    if (leftMs <= 0) return false
    await machine.pause(Math.min(leftMs, 250))
  }
}

/** The pod is 192.168.1.1 on a segment of its own; another address than a neighbour's gets no ARP answer. */
function onPodSegment(machine: UbootMachine): boolean {
  const own = machine.environment.get('ipaddr') ?? ''
  return /^192\.168\.1\.\d{1,3}$/.test(own) && own !== podAddress
}

/** One `#` for ten blocks, 65 on a line. */
export function createMarks(machine: UbootMachine): () => void {
  let blocks = 0
  return () => {
    blocks += 1
    if (blocks % blocksPerMark !== 0) return
    machine.say('#')
    if (blocks % (blocksPerMark * marksPerLine) === 0) machine.say('\n\t ')
  }
}

async function fetchFromPod(machine: UbootMachine, name: string, address: number): Promise<TftpOutcome> {
  const port = Number(machine.environment.get('tftpdstp') ?? 69)
  for (;;) {
    // The pod listens on port 69 only; a build with another destination port talks to nobody.
    const bytes = onPodSegment(machine) && port === 69 ? machine.network.fetchFromPod(name) : new Uint8Array()
    if (!bytes) return { kind: 'refused', code: 1, text: 'File not found' }
    const stallAt = bytes.length === 0 ? 0 : machine.behaviours.ask('onTransfer', bytes.length) ?? Infinity
    const outcome = await receive(machine, bytes, address, stallAt)
    if (outcome) return outcome
    const retries = await timeOut(machine)
    if (retries) return retries
  }
}

/** `undefined`: nothing more comes. */
async function receive(machine: UbootMachine, bytes: Uint8Array, address: number, stallAt: number): Promise<TftpOutcome | undefined> {
  const mark = createMarks(machine)
  const pieceBytes = blockBytes * 45
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (at >= stallAt || stallAt < bytes.length && at + pieceBytes > stallAt) return undefined
    const piece = bytes.subarray(at, at + pieceBytes)
    let lost = 0
    for (let block = 0; block < piece.length; block += blockBytes) {
      if (machine.behaviours.ask('onTftpBlock') !== undefined) lost += 1
      mark()
    }
    // The pod repeats a block after a second without its ACK, sooner than U-Boot would ask again.
    await machine.pause(piece.length / machine.timing.podTftpBytesPerMs + lost * 1000)
    if (machine.keyboard.takeInterrupt()) return { kind: 'aborted' }
    machine.ram.write(address + at, piece)
  }
  return stallAt === 0 ? undefined : { kind: 'done', lengthBytes: bytes.length }
}

/** Ten timeouts of five seconds; then it starts again, unless `netretry` says no. */
async function timeOut(machine: UbootMachine): Promise<TftpOutcome | undefined> {
  for (let count = 0; count < 10; count += 1) {
    if (await waitOrInterrupt(machine, 5000)) return { kind: 'aborted' }
    machine.say('T ')
  }
  if (machine.environment.get('netretry') === 'no') return { kind: 'gave-up' }
  machine.say('\nRetry count exceeded; starting again\n')
  return undefined
}

async function fetchFromLab(machine: UbootMachine, server: string, name: string, address: number): Promise<TftpOutcome> {
  const port = Number(machine.environment.get('tftpdstp') ?? 69)
  return fetchByTftp({
    machine, name, server: { address: server, port }, mark: createMarks(machine),
    store: (offset, bytes) => { machine.ram.write(address + offset, bytes) },
  })
}
