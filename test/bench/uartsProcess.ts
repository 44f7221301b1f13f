import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { crc32 } from 'node:zlib'

/**
 * So many UARTs on loopback ports, in a process of its own. Argument: how many. Commands on standard input, one a line, each answered by
 * one line: `start`, `burst SECONDS` (the first one at 10 MB/s), `stop` (bytes, pieces and CRC-32 of each stream), `use` (ms of processor). Ends with its input.
 */
const count = Number(process.argv[2] ?? 1)
/** 115200 baud, 8N1. */
const bytesPerSecond = 11_520
const burstPerSecond = 10_000_000
/** As a USB adapter hands bytes over. */
const tickMs = 16
/** Eight digits of the time are enough for a day, and stay on the screen in the smallest tile. */
const stamp = (): string => String(Date.now() % 100_000_000).padStart(8, '0')

interface Uart { socket: Socket | undefined; rest: Uint8Array; bytes: number; pieces: number; crc: number; number: number; owed: number }
const uarts = Array.from({ length: count }, (_, number): Uart => ({ socket: undefined, rest: new Uint8Array(), bytes: 0, pieces: 0, crc: 0, number, owed: 0 }))
const encoder = new TextEncoder()

function give(uart: Uart, bytes: Uint8Array): void {
  uart.bytes += bytes.length
  uart.pieces += 1
  uart.crc = crc32(bytes, uart.crc)
  uart.socket?.write(bytes)
}
function talk(uart: Uart, lengthBytes: number): void {
  const parts: Uint8Array[] = [uart.rest]
  let length = uart.rest.length
  while (length < lengthBytes) {
    const line = encoder.encode(`t=${stamp()} [${uart.number}] mmc0: new high speed SDHC card at address ${uart.bytes % 65_536}, 7580 MiB, irq 42\r\n`)
    parts.push(line)
    length += line.length
  }
  const all = Buffer.concat(parts)
  give(uart, all.subarray(0, lengthBytes))
  uart.rest = all.subarray(lengthBytes)
}

const ports = await Promise.all(uarts.map(async (uart) => new Promise<number>((resolve) => {
  const server = createServer((socket) => { socket.setNoDelay(true).on('error', () => undefined); uart.socket = socket })
  server.listen(0, '127.0.0.1', () => { resolve((server.address() as AddressInfo).port) })
})))
process.stdout.write(`${JSON.stringify(ports)}\n`)

let timer: ReturnType<typeof setInterval> | undefined
let burstUntilMs = 0
function start(): void {
  let lastMs = performance.now()
  timer = setInterval(() => {
    const nowMs = performance.now()
    const tookMs = nowMs - lastMs
    lastMs = nowMs
    for (const uart of uarts) {
      uart.owed += (uart.number === 0 && nowMs < burstUntilMs ? burstPerSecond : bytesPerSecond) * tookMs / 1000
      const now = Math.floor(uart.owed)
      uart.owed -= now
      talk(uart, now)
    }
  }, tickMs)
}
for await (const line of createInterface(process.stdin)) {
  const [what, number] = line.split(' ')
  if (what === 'start') start()
  if (what === 'burst') burstUntilMs = performance.now() + Number(number) * 1000
  if (what === 'stop') clearInterval(timer)
  const { user, system } = process.cpuUsage()
  process.stdout.write(`${JSON.stringify(what === 'use' ? { cpuMs: (user + system) / 1000 } : uarts.map(({ bytes, pieces, crc }) => ({ bytes, pieces, crc })))}\n`)
}
process.exit()
