import { join } from 'node:path'
import type { RegistryView } from '../../shared/contracts/registry.contract.ts'
import { toWire, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { createBell } from '../../shared/lifecycle/bell.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import { defaultProduct, type FirmwareImage, type RegistryDoorSettings, registryDoorSettingsSchema, type RegistryDoorState, type RegistryNode } from '../../shared/ota/registry.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { RegistryDoor } from '../drivers/http/registryDoor.ts'
import { firmwareFile } from '../drivers/storage/registry/firmwareFolder.ts'
import type { Secrets } from '../drivers/storage/secretsBox.ts'
import { createWholeFile } from '../drivers/storage/wholeFile.ts'
import { type OpenRegistry, openRegistry, sourceOf } from './registryDesk.ts'

const viewEveryMs = 250
const lookEveryMs = 5_000
const tokenRef = 'firmware registry'

export interface RegistryDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly audit: Pick<AuditLog, 'around'>
  readonly secrets: Pick<Secrets, 'get' | 'put' | 'remove'>
  readonly who: string
  readonly log: (line: string) => void
}

/** The workbench's own registry and its door for nodes. */
export interface RegistryDesk {
  /** Opened by whoever asks first: a command that has nothing to do with firmware opens no file for it. */
  registry(): Promise<OpenRegistry>
  watch(signal: AbortSignal): AsyncGenerator<RegistryView, void, void>
  watchNodes(signal: AbortSignal): AsyncGenerator<RegistryNode, void, void>
  add(wish: { readonly path: string; readonly product?: string | undefined; readonly version?: string | undefined }, signal: AbortSignal): Promise<FirmwareImage>
  setDoor(settings: RegistryDoorSettings, token: string | undefined): Promise<RegistryDoorState>
  /** As it was left; what cannot be opened is told in its state, and nothing else fails because of it. */
  start(): Promise<void>
  close(): Promise<void>
}

export function createRegistryDesk({ clock, dataFolder, audit, secrets, who, log }: RegistryDeskDeps): RegistryDesk {
  const file = createWholeFile<RegistryDoorSettings>({ path: join(dataFolder, 'registry.json'), schema: registryDoorSettingsSchema, first: registryDoorSettingsSchema.parse({}), hint: 'Move it away; the door of the registry is closed until it is opened again' })
  const lane = createLane()
  const always = new AbortController().signal
  const changes = createBell()
  let opening: Promise<OpenRegistry> | undefined
  let door: RegistryDoor | undefined
  let problem: string | undefined
  let isClosed = false

  const registry = async (): Promise<OpenRegistry> => {
    if (isClosed) throw new WorkbenchError('link/closed', 'The workbench is closing')
    opening ??= openRegistry({ folder: join(dataFolder, 'registry'), clock, audit, who, log }).then((opened) => {
      opened.listen(changes.ring)
      opened.nodes.listen(changes.ring)
      return opened
    })
    // One that could not be opened is tried again by the next who asks.
    opening.catch(() => { opening = undefined })
    return opening
  }
  const stateOf = async (): Promise<RegistryDoorState> => {
    const settings = await file.read()
    const hasToken = (await secrets.get(tokenRef).catch(() => undefined)) !== undefined
    return { ...settings, hasToken, state: door ? 'open' : problem === undefined ? 'closed' : 'failed', ...(door ? { url: door.url } : {}), ...(problem === undefined ? {} : { problem }) }
  }
  const shut = async (): Promise<void> => {
    const open = door
    door = undefined
    await open?.close()
  }
  const openDoor = async ({ enabled, address, port }: RegistryDoorSettings): Promise<void> => {
    await shut()
    problem = undefined
    if (!enabled) return
    try {
      const opened = await registry()
      await opened.scanFolder(always)
      // Its web server is loaded with the first door that is to be open.
      const { openRegistryDoor } = await import('../drivers/http/registryDoor.ts')
      door = await openRegistryDoor({ source: sourceOf(opened), clock, address, port, token: await secrets.get(tokenRef), log })
    } catch (error) {
      problem = toWire(error).message
      throw error
    }
  }
  return {
    registry,
    watch: async function* (signal) {
      const opened = await registry()
      while (!signal.aborted && !isClosed) {
        const next = changes.next(signal)
        next.catch(() => undefined)
        yield { door: await stateOf(), images: opened.images(), channels: opened.channels(), rollouts: opened.rollouts() }
        // Another process may have changed it, and that rings no bell here.
        await newsOrLate(clock, next, signal)
        await clock.sleep(viewEveryMs, signal).catch(() => undefined)
      }
    },
    watchNodes: async function* (signal) {
      const opened = await registry()
      const waiting = new Map<string, RegistryNode>()
      const bell = createBell()
      const stop = opened.nodes.listen(({ node }) => { waiting.set(`${node.product}/${node.channel}/${node.id}`, node); bell.ring() })
      try {
        while (!signal.aborted && !isClosed) {
          const next = bell.next(signal)
          next.catch(() => undefined)
          for (const [key, node] of waiting) { waiting.delete(key); yield node }
          await next.catch(() => undefined)
        }
      } finally {
        stop()
      }
    },
    add: async ({ path, product = defaultProduct, version }, signal) => (await registry()).add({ product, version }, await firmwareFile(path), signal),
    setDoor: async (settings, token) => lane(always, async () => {
      if (token === '') await secrets.remove(tokenRef)
      else if (token !== undefined) await secrets.put(tokenRef, token)
      await file.change(() => settings)
      try {
        await openDoor(settings)
      } finally {
        changes.ring()
      }
      return stateOf()
    }),
    start: async () => lane(always, async () => {
      try {
        await openDoor(await file.read())
      } catch (error) {
        problem ??= toWire(error).message
        log(`the door of the firmware registry stays closed: ${problem}`)
      }
    }),
    close: async () => {
      isClosed = true
      changes.ring()
      await lane(always, async () => { await shut() })
      const opened = await opening?.catch(() => undefined)
      opened?.close()
    },
  }
}

async function newsOrLate(clock: Clock, news: Promise<void>, signal: AbortSignal): Promise<void> {
  const over = new AbortController()
  const late = clock.sleep(lookEveryMs, AbortSignal.any([signal, over.signal])).catch(() => undefined)
  await Promise.race([news.catch(() => undefined), late])
  over.abort()
}
