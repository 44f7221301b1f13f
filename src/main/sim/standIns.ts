import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { simAgentBinary } from './agent/agentPayload.ts'
import { ubootVersion } from './bootText.ts'
import { standInUboot } from './referenceLayout.ts'

export interface BootStandIns {
  readonly profileJson: string
  readonly uboot: Uint8Array
}

/**
 * Harmless files in the place of the vendor's step code and of a real U-Boot. The addresses are those of the
 * hi3516ev300, so that everything that looks at a profile has something true to look at; the code bytes are text.
 */
export function bootStandIns(): BootStandIns {
  const text = new TextEncoder().encode('Rackbench simulator stand-in; no code. ')
  const step = Array.from({ length: 64 }, (_, index) => text[index % text.length] ?? 0)
  const profile = {
    name: 'hi3516ev200',
    comment: 'Stand-in of the Rackbench simulator. It starts simulated cameras only.',
    PRESTEP0: step,
    DDRSTEP0: step,
    ADDRESS: ['0x04013000', '0x04010500', '0x41000000'],
    FILELEN: ['0x40', '0x6000'],
    STEPLEN: ['0x40', '0x40'],
  }
  return { profileJson: `${JSON.stringify(profile)}\n`, uboot: standInUboot(`boot file: ${ubootVersion}`) }
}

/** Result: where they lie. */
export async function writeBootStandIns(folder: string): Promise<{ readonly profile: string; readonly uboot: string; readonly agent: string }> {
  const { profileJson, uboot } = bootStandIns()
  const paths = { profile: join(folder, 'simulator-profile-hi3516ev300.json'), uboot: join(folder, 'simulator-u-boot-hi3516ev300.bin'), agent: join(folder, 'simulator-agent.bin') }
  await mkdir(folder, { recursive: true })
  await writeFile(paths.profile, profileJson)
  await writeFile(paths.uboot, uboot)
  await writeFile(paths.agent, simAgentBinary())
  return paths
}
