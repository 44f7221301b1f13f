import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The same sum over the same files in the same order is in build.sh. */
const inputs = ['build.sh', 'camera.config', 'small.config', 'keep-spi-mode.patch']

export interface UbootImages {
  /** Writes flash correctly. */
  readonly good: string
  /** Prints `Written: OK` and stores about 4 % of random pages wrong. */
  readonly miswriting: string
}

/** What build.sh made of the present recipe; `undefined` when it has not run since the recipe changed. */
export function findUbootImages(environment: NodeJS.ProcessEnv = process.env): UbootImages | undefined {
  const sum = createHash('sha256')
  for (const name of inputs) sum.update(readFileSync(join(import.meta.dirname, name)))
  const cache = environment['RACKBENCH_PEER_CACHE'] ?? join(homedir(), '.cache', 'rackbench-peers')
  const folder = join(cache, `uboot-${sum.digest('hex').slice(0, 16)}`)
  const images = { good: join(folder, 'u-boot.bin'), miswriting: join(folder, 'u-boot-miswrite.bin') }
  return existsSync(images.good) && existsSync(images.miswriting) ? images : undefined
}
