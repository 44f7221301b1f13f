import { type SimPacket, word } from './agentCodec.ts'
import type { SimAgentPort } from './agentLine.ts'
import { codes, createMachine, type SimAgentMachine, type SimAgentOptions } from './agentMachine.ts'
import { runFlashCommand } from './simAgentFlash.ts'
import { runMemoryCommand } from './simAgentMemory.ts'

const idleMs = 2_000
const fallbackMs = 30_000

/** Lives from its start to REBOOT, or until the signal aborts. */
export async function runSimAgent(options: SimAgentOptions): Promise<'reboot'> {
  const { line, signal, oddities = {} } = options
  const firstBaudRate = line.baudRate
  const machine = createMachine(options, oddities)
  const ready = new TextEncoder().encode('DEFIB')
  await machine.say(codes.ready, ready)
  let quietMs = 0
  for (;;) {
    const packet = await machine.next(idleMs)
    if (!packet) {
      quietMs += idleMs
      if (quietMs >= fallbackMs) line.setBaudRate(firstBaudRate)
      await machine.say(codes.ready, ready)
      continue
    }
    quietMs = 0
    if (packet.code === codes.reboot) {
      await machine.ack(0)
      return 'reboot'
    }
    if (packet.code === codes.setBaud && machine.version >= 2) await switchBaudRate(machine, line, packet)
    else if (!await runMemoryCommand(machine, packet) && !await runFlashCommand(machine, packet)) await machine.ack(1)
    signal.throwIfAborted()
  }
}

async function switchBaudRate(machine: SimAgentMachine, line: SimAgentPort, { data }: SimPacket): Promise<void> {
  const rate = word(data, 0)
  const odd = machine.oddities.baudSwitch
  if (odd === 'refused' || data.length !== 4 || rate < 9600 || rate > 3_000_000) { await machine.ack(1); return }
  if (odd !== 'silent-ack') await machine.ack(0)
  if (odd !== 'deaf') line.setBaudRate(odd === 'gone' ? 12_345 : rate)
}
