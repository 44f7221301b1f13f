import type { FirmwareImage, ProductProfile, PublishWarning } from '../../../../shared/ota/registry.schema.ts'
import { compareAsNode, tripleOf } from './firmwareVersion.ts'

/** What an image says of itself; undefined when it is no image that the node's chip would start. */
export interface ImageWords {
  readonly version: string
  readonly project: string
}

export interface WarningFacts {
  readonly image: FirmwareImage
  readonly profile: ProductProfile
  readonly words: ImageWords | undefined
  /** What was published before, and what nodes said they run; a version is there once for each node. */
  readonly before: string | undefined
  readonly running: readonly string[]
}

const nodes = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`)

/** Everything that would make somebody wait for nothing, told before it is published. None of it is refused. */
export function publishWarnings({ image, profile, words, before, running }: WarningFacts): PublishWarning[] {
  const { version, sizeBytes } = image
  const warnings: PublishWarning[] = []
  const others = running.filter((each) => each !== version)
  const same = others.filter((each) => compareAsNode(version, each) === 0)
  const newer = others.filter((each) => compareAsNode(version, each) < 0)
  if (same.length > 0) warnings.push({ kind: 'suffix-only', nodes: same.length, words: `${nodes(same.length)} will never take ${version}: they run ${list(same)}, and nodes look at the three numbers alone. Raise one of them` })
  if (newer.length > 0) warnings.push({ kind: 'not-newer', nodes: newer.length, words: `${nodes(newer.length)} will never take ${version}: they run ${list(newer)}, and nodes never go back. Publish it under a higher version` })
  if (before !== undefined && before !== version && same.length + newer.length === 0 && compareAsNode(version, before) <= 0) {
    const kind = compareAsNode(version, before) === 0 ? 'suffix-only' : 'not-newer'
    warnings.push({ kind, words: `Nodes that have taken ${before} will never take ${version}: ${kind === 'suffix-only' ? 'they look at the three numbers alone' : 'they never go back'}` })
  }
  if (!tripleOf(version)) warnings.push({ kind: 'text-order', words: `${version} does not begin with three numbers, so nodes compare it letter by letter: 10 comes before 9 then` })
  if (sizeBytes > profile.maxPushBytes) warnings.push({ kind: 'too-large-to-push', words: `${sizeBytes} bytes can be fetched by a node and not pushed to it: that takes ${profile.maxPushBytes} at most` })
  if (!words) warnings.push({ kind: 'no-image-header', words: 'This does not begin like an image that the chip starts; a node may refuse it after fetching all of it, every time it asks' })
  else {
    // The node compares what is compiled into it, and would fetch the same image for ever.
    if (words.version !== version && compareAsNode(version, words.version) > 0) warnings.push({ kind: 'image-says-otherwise', words: `The image calls itself ${shown(words.version)}. A node that runs it would find ${version} newer and fetch it again and again; publish it as what it calls itself` })
    if (words.project !== '' && words.project !== image.product) warnings.push({ kind: 'other-product', words: `The image was built as "${shown(words.project)}" and is published for ${image.product}` })
  }
  return warnings
}

const shown = (text: string): string => text.slice(0, 31).replaceAll(/[^\x20-\x7e]/g, '?')

function list(versions: readonly string[]): string {
  const each = [...new Set(versions)].toSorted()
  return each.length <= 3 ? each.join(', ') : `${each.slice(0, 3).join(', ')} and ${each.length - 3} more`
}
