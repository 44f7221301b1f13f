import fc from 'fast-check'
import { expect, test } from 'vitest'
import { snapshotUrlSchema } from '../../../shared/pictures/pictures.schema.ts'
import { addressIn, pictureAt } from './addressSeen.ts'
import { startBootWatch, watchBoot } from './bootWatch.ts'

test('a lease and an interface tell the address of the camera', () => {
  expect(addressIn('udhcpc: lease of 10.216.128.112 obtained from 10.216.128.1, lease time 3600')).toBe('10.216.128.112')
  expect(addressIn('udhcpc: lease of 192.168.1.10 obtained, lease time 43200')).toBe('192.168.1.10')
  expect(addressIn('          inet addr:192.168.1.10  Bcast:192.168.1.255  Mask:255.255.255.0')).toBe('192.168.1.10')
})
test('other addresses are not the camera\'s: its server, itself, a made-up one, and what is no address', () => {
  for (const line of ['serverip=192.168.1.1', 'Using eth device; our IP address is 192.168.1.10', 'inet addr:127.0.0.1  Mask:255.0.0.0', 'udhcpc: lease of 0.0.0.0 obtained', 'udhcpc: lease of 169.254.3.4 obtained', 'udhcpc: lease of 300.1.1.1 obtained', 'udhcpc: lease of 224.0.0.1 obtained', 'udhcpc: sending select for 10.0.0.2']) expect(addressIn(line), line).toBeUndefined()
})
test('whatever a console says, what is offered is an address that may be asked', () => {
  fc.assert(fc.property(fc.string(), fc.ipV4(), (noise, address) => {
    const found = addressIn(`udhcpc: lease of ${address} obtained${noise}`) ?? addressIn(noise)
    if (found !== undefined) expect(snapshotUrlSchema.safeParse(pictureAt(found)).success).toBe(true)
  }))
})
test('the boot watch sees it in any pieces, and a later one counts', () => {
  const bytes = new TextEncoder().encode('\r\nudhcpc: lease of 10.0.0.5 obtained from 10.0.0.1\r\nhello\r\nudhcpc: lease of 10.0.0.7 obtained from 10.0.0.1\r\n')
  let watch = startBootWatch(0)
  for (const byte of bytes) watch = watchBoot(watch, Uint8Array.of(byte), 1)
  expect(watch.address).toBe('10.0.0.7')
  expect(startBootWatch(0).address).toBe('')
})
