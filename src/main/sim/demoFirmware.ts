import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LayoutImage, referenceLayoutImages } from './referenceLayout.ts'

/** Two that boot, and one whose root file system is not there, so that its kernel panics: what of the root file system is another, by which byte. */
const changes: Readonly<Record<string, readonly [value: number, from: number, to: number]>> = { 'fw-2.5.1': [0, 0, 0], 'fw-2.5.2': [0x33, 8_192, 9_216], 'fw-2.6-rc1': [0xff, 0, 4_096] }

/** The environment of firmware for many is empty: with that of one camera, and its address, all others would rightly be refused the next time. */
function bytesOf({ name, bytes }: LayoutImage, [value, from, to]: readonly [number, number, number]): Uint8Array {
  if (name === 'mtd1') return new Uint8Array(bytes.length).fill(0xff)
  return name === 'mtd3' ? bytes.slice().fill(value, from, to) : bytes
}

/** What a night run wants: three images, and a plan that takes them to every camera of the demo. Gives the path of the plan. */
export async function writeDemoNight(folder: string, cameras: readonly string[]): Promise<string> {
  const reference = referenceLayoutImages()
  for (const [name, change] of Object.entries(changes)) {
    const into = join(folder, 'firmware', name)
    await mkdir(into, { recursive: true })
    for (const image of reference) await writeFile(join(into, image.name), bytesOf(image, change))
  }
  const plan = join(folder, 'night.yaml')
  await writeFile(plan, [
    '# Made by Rackbench for its demo rack: rackbench batch run night.yaml --demo, or Batch, New batch, in the window.',
    'name: Night run', 'cameras:', `  ids: [${cameras.join(', ')}]`, 'workflow: restore', 'images:',
    ...Object.keys(changes).map((name) => `  - { name: ${name}, path: firmware/${name} }`),
    'cycles: 10', 'canary: { cameras: 2 }', '',
  ].join('\n'))
  return plan
}
