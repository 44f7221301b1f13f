import { orAborted } from '../../shared/lifecycle/signals.ts'
import { type BootPiece, earlyPanic, idleLines, kernelText, loginPrompt, rootfsPanic, userSpaceText } from './bootText.ts'
import { layoutOf } from './environment.ts'
import { isBlank } from './memory.ts'
import { nandBytes } from './nandFlash.ts'
import { attachUbi } from './nandUbi.ts'
import type { UbootMachine } from './ubootMachine.ts'

interface PartitionEntry { readonly name: string; readonly offset: number; readonly lengthBytes: number }

/** From `Starting kernel` to the login and beyond. Resolves when the kernel restarts the camera. */
export async function runLinux(machine: UbootMachine, lively: boolean, random: () => number, onLogin: () => void): Promise<void> {
  const pace = machine.timing.kernelPace
  const tell = async (pieces: readonly BootPiece[]): Promise<void> => {
    for (const { afterMs, text } of pieces) {
      await machine.pause(afterMs * pace)
      machine.say(text)
      await machine.drained()
    }
  }
  const partitions = partitionsOf(machine)
  const bootargs = machine.environment.get('bootargs') ?? ''
  const pieces = kernelText({ bootargs, mac: machine.environment.get('ethaddr') ?? '', partitions })
  if (machine.behaviours.ask('onKernelStart') === 'panic') {
    await tell([...pieces.slice(0, 1), { afterMs: 100, text: earlyPanic }])
    await machine.pause(2000)
    return
  }
  await tell(pieces)
  if (!hasRoot(machine, partitions, bootargs)) {
    await tell([{ afterMs: 100, text: rootfsPanic }])
    await machine.pause(20_000 * pace)
    return
  }
  await tell(userSpaceText(machine.soc))
  machine.say(loginPrompt(machine.chip))
  await machine.drained()
  onLogin()
  await Promise.race([answerLogin(machine), lively ? chatter(machine, random) : orAborted(new Promise<never>(() => undefined), machine.signal)])
}

/** Nobody can log in: a name brings the question again. */
async function answerLogin(machine: UbootMachine): Promise<never> {
  for (;;) {
    const key = await machine.keyboard.next(machine.signal)
    if (key === 0x0d || key === 0x0a) machine.say(loginPrompt(machine.chip))
    else if (key >= 0x20 && key < 0x7f) machine.say(String.fromCharCode(key))
  }
}

async function chatter(machine: UbootMachine, random: () => number): Promise<never> {
  for (;;) {
    await machine.clock.sleep(6000 + random() * 20_000, machine.signal)
    machine.say(`${idleLines[Math.floor(random() * idleLines.length)] ?? ''}\n`)
  }
}

/** A squashfs in its partition, or the volume of a UBI that `ubi.mtd` names. */
function hasRoot({ flash, nand }: UbootMachine, partitions: readonly PartitionEntry[], bootargs: string): boolean {
  const ubiIndex = /\bubi\.mtd=(\d+)/.exec(bootargs)?.[1]
  if (ubiIndex !== undefined) {
    const { offset, lengthBytes } = partitions[Number(ubiIndex)] ?? { offset: 0, lengthBytes: 0 }
    const ubi = nand && lengthBytes > 0 ? attachUbi(nand, 'ubi', { offsetBytes: offset, lengthBytes }) : undefined
    return ubi?.volumes().some(({ name, usedBytes }) => name === 'rootfs' && usedBytes > 0) === true
  }
  const rootfs = partitions.find(({ name }) => name === 'rootfs')
  return rootfs !== undefined && !isBlank(flash.cells.subarray(rootfs.offset, rootfs.offset + 4096))
}

/** What the kernel is told, else what U-Boot holds, else the layout for this chip size. */
function partitionsOf(machine: UbootMachine): readonly PartitionEntry[] {
  const told = /mtdparts=(\S+)/.exec(machine.environment.get('bootargs') ?? '')?.[1]
  const total = machine.nand && told?.startsWith('hinand:') === true ? nandBytes : machine.flash.cells.length
  const text = told ?? machine.environment.get('mtdparts') ?? layoutOf(total / 1024 / 1024).mtdparts
  const found: PartitionEntry[] = []
  let offset = 0
  for (const part of text.replace(/^[^:]*:/, '').split(',')) {
    const { size, unit = '', name = '' } = /^(?<size>-|\d+)(?<unit>[kKmM]?)\((?<name>[\w-]+)\)/.exec(part)?.groups ?? {}
    if (size === undefined) break
    const factor = unit.toLowerCase() === 'k' ? 1024 : unit.toLowerCase() === 'm' ? 1024 * 1024 : 1
    const lengthBytes = size === '-' ? total - offset : Number(size) * factor
    found.push({ name, offset, lengthBytes })
    offset += lengthBytes
  }
  return found
}
