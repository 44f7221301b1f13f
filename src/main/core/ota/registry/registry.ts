import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../../shared/lifecycle/clock.ts'
import { type ChannelView, defaultChannel, defaultProduct, type FirmwareImage, type Published, type PublishWarning, type PublishWish, type ReleaseRow, type RegistryPlace, type Rollout } from '../../../../shared/ota/registry.schema.ts'
import type { AuditLog } from '../../audit/auditLog.ts'
import { versionOfUpload } from './firmwareVersion.ts'
import { latestAnswer, nothingAnswer } from './latestAnswer.ts'
import { createNodeBook, type NodeBook } from './nodeBook.ts'
import type { NodeFacts, Standing } from './nodeFold.ts'
import { changesNothing, type HashText, offerFor, standing } from './offers.ts'
import { checkSize, type ProfileOf } from './productProfiles.ts'
import { type ImageWords, publishWarnings } from './publishWarnings.ts'
import type { FolderFile, ImageFiles, RegistryRows, StagedImage } from '../../../../shared/ota/registryStore.ts'
import { identityOfFile } from './sidecar.ts'

/** How soon a release by another process is seen. */
const lookEveryMs = 250

export interface RegistryDeps {
  readonly rows: RegistryRows
  readonly files: ImageFiles
  readonly clock: Pick<Clock, 'nowMs' | 'wallMs'>
  readonly audit: Pick<AuditLog, 'around'>
  readonly hashText: HashText
  readonly profileOf: ProfileOf
  readonly readWords: (head: Uint8Array) => ImageWords | undefined
  /** For the rows of releases. */
  readonly who: string
  readonly log: (line: string) => void
}

export interface UploadWish extends RegistryPlace {
  readonly version: string
  /** Compared with what came; upper case is the same. */
  readonly sha256?: string | undefined
}

export interface Uploaded {
  readonly image: FirmwareImage
  readonly published: boolean
  /** Why it was kept and not published. */
  readonly why?: string
}

export interface Registry {
  readonly nodes: NodeBook
  /** The very bytes for this node; its poll is taken down. */
  latest(facts: Omit<NodeFacts, 'group'>, downloadUrl: string): Uint8Array
  /** What this node is offered; undefined when nothing is. `host/io` when its file is gone or was changed. */
  imageFor(facts: Pick<NodeFacts, 'product' | 'channel' | 'id'>, signal: AbortSignal): Promise<{ readonly image: FirmwareImage; readonly bytes: Uint8Array } | undefined>
  /** Kept, and offered to all of the channel, as the nodes' own server does it. */
  upload(wish: UploadWish, pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Uploaded>
  /** Kept, and offered to nobody yet. */
  add(wish: { readonly product: string; readonly version?: string | undefined }, file: FolderFile, signal: AbortSignal): Promise<FirmwareImage>
  /** Of the files in the folder, newest first, the first that can be used; what was known already changes nothing. */
  scan(files: readonly FolderFile[], place: RegistryPlace, signal: AbortSignal): Promise<FirmwareImage | undefined>
  warnings(wish: PublishWish, signal: AbortSignal): Promise<PublishWarning[]>
  publish(wish: PublishWish, signal: AbortSignal): Promise<Published>
  withdraw(place: RegistryPlace): Promise<{ readonly changed: boolean }>
  images(): FirmwareImage[]
  channels(): ChannelView[]
  rollouts(): Rollout[]
  setGroup(product: string, node: string, group: string | undefined): void
  /** Called when images, releases or groups have changed. */
  listen(listener: () => void): () => void
}

const malformed = (message: string, reason: string, hint?: string): WorkbenchError => new WorkbenchError('input/malformed', message, { context: { reason }, hint })

export function createRegistry(deps: RegistryDeps): Registry {
  const { rows, files, clock, audit, hashText, profileOf, readWords, log } = deps
  const nodes = createNodeBook(clock.wallMs)
  const listeners = new Set<() => void>()
  let images = new Map<string, FirmwareImage>()
  let channels = new Map<string, ReleaseRow[]>()
  let offers = new Map<string, ReturnType<typeof standing>>()
  let groups = new Map<string, string>()
  let answers = new Map<string, Uint8Array>()
  let lookedMs = clock.nowMs()
  const nothing = nothingAnswer()

  const load = (): void => {
    images = new Map(rows.images().map((image) => [`${image.product} ${image.version}`, image]))
    groups = new Map(rows.groups().map(({ product, node, group }) => [`${product} ${node}`, group]))
    const next = Map.groupBy(rows.rows(), ({ product, channel }) => `${product}/${channel}`)
    const changed = [...next].filter(([key, list]) => list.at(-1)?.number !== channels.get(key)?.at(-1)?.number).map(([key]) => ({ key, before: offers.get(key)?.[0]?.version }))
    channels = next
    offers = new Map([...next].map(([key, list]) => [key, standing(list)]))
    answers = new Map()
    for (const { key, before } of changed) {
      const [product = '', channel = ''] = key.split('/')
      const isOther = offers.get(key)?.[0]?.version !== before
      nodes.released(product, channel, isOther, (node) => standingOf({ ...node, group: groupOf(product, node.id) }))
    }
    listeners.forEach((listener) => { listener() })
  }
  const look = (): void => {
    if (clock.nowMs() - lookedMs < lookEveryMs) return
    lookedMs = clock.nowMs()
    if (rows.wasChangedElsewhere()) load()
  }
  const groupOf = (product: string, node: string): string | undefined => groups.get(`${product} ${node}`)
  const imageOf = (product: string, version: string): FirmwareImage | undefined => images.get(`${product} ${version}`)
  const offerOf = (facts: Pick<NodeFacts, 'product' | 'channel' | 'id' | 'group'>): FirmwareImage | undefined => {
    const row = offerFor(offers.get(`${facts.product}/${facts.channel}`) ?? [], facts, hashText)
    return row && imageOf(facts.product, row.version)
  }
  const standingOf = (facts: Pick<NodeFacts, 'product' | 'channel' | 'id' | 'group'>, offered = offerOf(facts)): Standing =>
    ({ offered, newest: offers.get(`${facts.product}/${facts.channel}`)?.[0]?.version, maxPullBytes: profileOf(facts.product).maxPullBytes })
  const imageToPublish = ({ product, version }: PublishWish): FirmwareImage => {
    const image = imageOf(product, version)
    if (!image) throw new WorkbenchError('input/not-found', `There is no image ${version} of ${product}`, { hint: 'Upload it first; the list of images says what there is' })
    return image
  }
  const keep = async (staged: StagedImage, about: Pick<FirmwareImage, 'product' | 'version' | 'origin' | 'compileTime'>): Promise<FirmwareImage> => {
    const { product, version } = about
    const known = imageOf(product, version)
    // The same again mends a file that was lost or changed since.
    if (known?.sha256 === staged.sha256) { await staged.keep(); return known }
    const image: FirmwareImage = { ...about, sha256: staged.sha256, sizeBytes: staged.sizeBytes, atMs: clock.wallMs() }
    await audit.around({ what: 'upload firmware', subject: `${product} ${version}`, details: { sha256: image.sha256, sizeBytes: image.sizeBytes, origin: image.origin } }, async () => {
      if (known) throw otherBytes(image)
      // Registered after it is durable: a crash between leaves a file that nobody asks for, and never a row without its file.
      await staged.keep()
      rows.addImage(image)
    })
    load()
    return image
  }
  const receive = async <T>(pieces: AsyncIterable<Uint8Array>, product: string, signal: AbortSignal, work: (staged: StagedImage) => Promise<T>): Promise<T> => {
    const profile = profileOf(product)
    const staged = await files.receive(pieces, profile.maxUploadBytes, signal)
    try {
      checkSize(staged.sizeBytes, profile)
      return await work(staged)
    } finally {
      await staged.drop()
    }
  }
  const warningsOf = async (wish: PublishWish, image: FirmwareImage, signal: AbortSignal): Promise<PublishWarning[]> => {
    const bytes = await files.read(image, signal)
    const before = offers.get(`${wish.product}/${wish.channel}`)?.[0]?.version
    return publishWarnings({ image, profile: profileOf(wish.product), words: readWords(bytes.subarray(0, 256)), before, running: nodes.running(wish.product, wish.channel) })
  }
  const publish: Registry['publish'] = async (wish, signal) => {
    look()
    const image = imageToPublish(wish)
    const { maxPullBytes } = profileOf(wish.product)
    if (image.sizeBytes > maxPullBytes) throw new WorkbenchError('input/too-large', `${image.version} has ${image.sizeBytes} bytes, and no node of ${wish.product} fetches more than ${maxPullBytes}`, { context: { sizeBytes: image.sizeBytes, maxPullBytes }, hint: 'Build it smaller; until then it is kept and not published' })
    // Read back before anybody is told of it.
    const warnings = await warningsOf(wish, image, signal)
    const row = { product: wish.product, channel: wish.channel, version: wish.version, percent: wish.percent, groups: [...wish.groups], atMs: clock.wallMs(), who: deps.who }
    const newest = channels.get(`${wish.product}/${wish.channel}`)?.at(-1)
    if (newest && changesNothing(newest, row)) return { row: newest, changed: false, warnings }
    const added = await audit.around({ what: 'publish firmware', subject: `${wish.product} ${wish.version}`, details: { channel: wish.channel, percent: wish.percent, groups: wish.groups.join(' '), sha256: image.sha256 } },
      async () => rows.addRow(wish, (last) => (changesNothing(last, row) ? undefined : row)))
    load()
    if (!added) throw new WorkbenchError('internal/bug', 'A release was neither there nor added')
    return { ...added, warnings }
  }
  load()

  return {
    nodes, publish,
    latest: (given, downloadUrl) => {
      look()
      // Nobody makes us remember places that were never used.
      if (!channels.has(`${given.product}/${given.channel}`) && (given.product !== defaultProduct || given.channel !== defaultChannel)) return nothing
      const facts: NodeFacts = { ...given, group: groupOf(given.product, given.id) }
      const image = offerOf(facts)
      nodes.polled(facts, standingOf(facts, image))
      if (!image) return nothing
      const key = `${downloadUrl} ${image.version}`
      const known = answers.get(key)
      if (known) return known
      const made = latestAnswer(image, downloadUrl)
      answers.set(key, made)
      return made
    },
    imageFor: async (given, signal) => {
      look()
      const image = offerOf({ ...given, group: groupOf(given.product, given.id) })
      return image && { image, bytes: await files.read(image, signal) }
    },
    upload: async ({ product, channel, version: told, sha256 }, pieces, signal) => {
      const version = versionOfUpload(told)
      look()
      const image = await receive(pieces, product, signal, async (staged) => {
        if (sha256 !== undefined && sha256.toLowerCase() !== staged.sha256) throw malformed('The SHA-256 that was given is not that of the bytes that came', 'ShaMismatch', 'Upload it again, and compare the file')
        return keep(staged, { product, version, origin: 'upload' })
      })
      try {
        await publish({ product, channel, version, percent: 100, groups: [] }, signal)
        return { image, published: true }
      } catch (error) {
        if (error instanceof WorkbenchError && error.code === 'input/too-large') return { image, published: false, why: error.message }
        throw error
      }
    },
    add: async ({ product, version: told }, file, signal) => {
      const { version, compileTime } = identityOfFile(file.name, file.sidecar)
      const chosen = told === undefined ? version : versionOfUpload(told)
      if (chosen === undefined) throw malformed(`${file.name} does not tell its version, and there is no ${file.name}.manifest.json that does`, 'VersionParse', 'Name the version, or put it into the name of the file')
      checkSize(file.sizeBytes, profileOf(product))
      return receive(file.pieces(), product, signal, async (staged) => keep(staged, { product, version: chosen, origin: 'file', ...(compileTime === undefined ? {} : { compileTime }) }))
    },
    scan: async (found, place, signal) => {
      for (const file of found) {
        try {
          const { version, compileTime } = identityOfFile(file.name, file.sidecar)
          if (version === undefined) throw malformed(`${file.name} does not tell its version`, 'VersionParse')
          checkSize(file.sizeBytes, profileOf(place.product))
          const before = imageOf(place.product, version)
          const image = await receive(file.pieces(), place.product, signal, async (staged) => keep(staged, { product: place.product, version, origin: 'folder', ...(compileTime === undefined ? {} : { compileTime }) }))
          // Known from before: what was published or withdrawn since then stands.
          if (!before) await publish({ ...place, version, percent: 100, groups: [] }, signal)
          return image
        } catch (error) {
          if (!(error instanceof WorkbenchError) || signal.aborted) throw error
          log(`${file.name} is not used: ${error.message}`)
        }
      }
      return undefined
    },
    warnings: async (wish, signal) => { look(); return warningsOf(wish, imageToPublish(wish), signal) },
    withdraw: async (place) => {
      look()
      const newest = channels.get(`${place.product}/${place.channel}`)?.at(-1)
      if (newest?.version === undefined) return { changed: false }
      const row = { product: place.product, channel: place.channel, percent: 0, groups: [], atMs: clock.wallMs(), who: deps.who }
      await audit.around({ what: 'withdraw firmware', subject: `${place.product} ${newest.version}`, details: { channel: place.channel } },
        async () => rows.addRow(place, (last) => (last?.version === undefined ? undefined : row)))
      load()
      return { changed: true }
    },
    images: () => { look(); return [...images.values()].toSorted((a, b) => b.atMs - a.atMs) },
    channels: () => {
      look()
      return [...channels.values()].flatMap((list) => {
        const last = list.at(-1)
        return last ? [{ product: last.product, channel: last.channel, ...(last.version === undefined ? {} : { current: last }), rows: list.toReversed().slice(0, 200) }] : []
      })
    },
    rollouts: () => {
      look()
      return [...offers.values()].flatMap(([row]) => (row ? [{
        product: row.product, channel: row.channel, version: row.version, percent: row.percent, groups: row.groups, sinceMs: row.atMs,
        ...nodes.counts(row.product, row.channel), points: nodes.points(row.product, row.channel),
      }] : []))
    },
    setGroup: (product, node, group) => { rows.setGroup(product, node, group); load() },
    listen: (listener) => { listeners.add(listener); return () => { listeners.delete(listener) } },
  }
}

const otherBytes = ({ product, version }: FirmwareImage): WorkbenchError =>
  new WorkbenchError('input/conflict', `${product} ${version} is there already with other bytes`, { context: { version, reason: 'OtherBytes' }, hint: 'A version is never given twice; raise it' })
