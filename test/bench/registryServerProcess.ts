// The registry in a process of its own, so that those who ask do not share its loop. Arguments: a folder, a file. Prints the port; ends with its standard input.
import { readFileSync } from 'node:fs'
import { openRegistry, sourceOf } from '../../src/main/composition/registryDesk.ts'
import { createSystemClock } from '../../src/main/drivers/host/systemClock.ts'
import { openRegistryDoor } from '../../src/main/drivers/http/registryDoor.ts'
import { defaultChannel, defaultProduct } from '../../src/shared/ota/registry.schema.ts'

const [folder = '', file = ''] = process.argv.slice(2)
const clock = createSystemClock()
const signal = new AbortController().signal
const bytes = readFileSync(file)
async function* pieces(): AsyncGenerator<Uint8Array, void, void> { await Promise.resolve(); yield bytes }
const registry = await openRegistry({ folder, clock, audit: { around: async (_note, work) => work() }, who: 'bench', log: (line) => { process.stderr.write(`${line}\n`) } })
await registry.add({ product: defaultProduct, version: '1.1.0' }, { name: 'fw-1.1.0.bin', sizeBytes: bytes.length, sidecar: undefined, pieces }, signal)
await registry.publish({ product: defaultProduct, channel: defaultChannel, version: '1.1.0', percent: 100, groups: [] }, signal)
const door = await openRegistryDoor({ source: sourceOf(registry), clock, address: '127.0.0.1', port: 0, token: undefined, log: () => undefined })
process.stdout.write(`${door.port}\n`)
process.stdin.resume()
process.stdin.once('end', () => { void door.close().then(() => { registry.close() }) })
