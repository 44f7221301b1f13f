import type { FsCall, MemoryFs, MemoryFsOptions } from '../../src/main/sim/disk/memoryFs.ts'
import { deviceOf, otaRig, requestOf, type UpdateCase, verdict } from './otaRig.ts'
import { createSeededRandom } from './seededRandom.ts'

export interface PowerCutResult {
  /** Power cuts, those in a recovery included. */
  readonly points: number
  readonly calls: number
  readonly ended: { old: number; new: number }
  /** What was neither, with the words to find it again. */
  readonly failures: readonly string[]
}

export interface PowerCutPlan {
  readonly update: UpdateCase
  readonly options: MemoryFsOptions
  /** Ways in which the disk may forget, for each call. */
  readonly outcomes: number
  readonly seed: number
  /** Cuts in the recovery, for each of those; each is recovered again. */
  readonly again: number
}

/**
 * The power goes after every single call of an update, and in the middle of each write; then the device is recovered, and in another try the
 * power goes in the recovery as well. The update itself runs once: a copy of the device is taken at each call.
 */
export async function cutPowerEverywhere({ update, options, outcomes, seed, again }: PowerCutPlan): Promise<PowerCutResult> {
  const moments: { readonly call: string; readonly at: MemoryFs }[] = []
  const fs = deviceOf(update, options)
  moments.push({ call: 'before the first call', at: fs.fork() })
  fs.onDone = (call) => { moments.push({ call: wordsOf(call), at: fs.fork() }) }
  const { end } = await otaRig(fs).apply(requestOf(update))
  if (end !== 'new' || verdict(fs, update) !== 'new') throw new Error(`the update itself went wrong: ${end}, ${verdict(fs, update)}`)
  const failures: string[] = []
  const ended = { old: 0, new: 0 }
  let points = 0
  const judge = (device: MemoryFs, words: string): void => {
    points += 1
    const found = verdict(device, update)
    if (found === 'old' || found === 'new') ended[found] += 1
    else failures.push(`${words}: ${found}`)
  }
  for (const [index, { call, at }] of moments.entries()) {
    for (let outcome = 0; outcome < outcomes; outcome += 1) {
      const random = createSeededRandom(seed + index * 1009 + outcome * 31)
      const words = `cut after call ${index}, ${call}, outcome ${outcome}`
      const device = at.fork()
      device.restart(random)
      const beforeRecovery = device.fork()
      const report = await otaRig(device).recover()
      if (report.end === 'incomplete') failures.push(`${words}: ${JSON.stringify(report)}`)
      judge(device, words)
      for (let round = 0; round < again; round += 1) {
        await cutRecovery(beforeRecovery.fork(), device.calls.length, random)
          .then((twice) => { judge(twice, `${words}, and again in the recovery`) })
      }
    }
  }
  return { points, calls: moments.length - 1, ended, failures }
}

/** A second cut at some call of the recovery, now and then a third, and then a recovery that is let to its end. */
async function cutRecovery(device: MemoryFs, calls: number, random: () => number): Promise<MemoryFs> {
  for (let cuts = 1 + Math.floor(random() * 2); cuts > 0; cuts -= 1) {
    const at = device.calls.length + 1 + Math.floor(random() * calls)
    const kind = random() < 0.5 ? 'cut' : 'cut-after'
    device.fault = ({ number }) => (number === at ? kind : undefined)
    await otaRig(device).recover().catch(() => undefined)
    device.restart(random)
  }
  await otaRig(device).recover()
  return device
}

const wordsOf = ({ number, name, path, to }: FsCall): string => `${number} ${name} ${path ?? ''}${to === undefined ? '' : ` -> ${to}`}`
