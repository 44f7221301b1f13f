import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { choosePort, identitiesOf, parseIdentity, type UsbFacts } from './serialIdentity.ts'

const hex4 = fc.stringMatching(/^[0-9a-f]{4}$/)
const words = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' })
const port: fc.Arbitrary<UsbFacts> = fc.record({
  vendorId: hex4, productId: hex4, serialNumber: fc.option(words, { nil: undefined }), place: fc.option(words, { nil: undefined }), channel: fc.constantFrom('0', '1', '0.3'),
})

describe('the identity of an adapter', () => {
  test.each(['', '0', '1', '0001', '00000000', '0123456789', '0123456789ABCDEF', '123456789', 'FFFFFFFF', 'n/a', '5&2C6BF0&0&4'])('"%s" is no number of its own: its place is needed', (serialNumber) => {
    const usb = { vendorId: '10c4', productId: 'ea60', serialNumber, channel: '0' }
    expect(identitiesOf([{ ...usb, place: '1-2' }])).toEqual(['usb://10c4:ea60/?at=1-2'])
    expect(identitiesOf([{ ...usb, place: undefined }])).toEqual([undefined])
  })

  test('whatever adapters there are, an identity leads back to its port and to no other', () => {
    fc.assert(fc.property(fc.uniqueArray(port, { maxLength: 8, selector: (each) => JSON.stringify([each.vendorId, each.productId, each.place, each.channel]) }), (ports) => {
      const named = ports.map((each, index) => ({ ...each, device: `/dev/ttyUSB${index}` }))
      for (const [index, identity] of identitiesOf(named).entries()) {
        if (identity !== undefined) expect(choosePort(identity, named).device).toBe(`/dev/ttyUSB${index}`)
      }
    }))
  })

  test('any text gives an identity or none', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((rest) => `usb://0403:6001/${rest}`)), (text) => {
      try {
        parseIdentity(text)
        choosePort(text, [])
      } catch (error) {
        expect(error).toBeInstanceOf(WorkbenchError)
      }
    }))
  })

  test.each(['usb://0403:6001/', 'usb://0403:6001/?at=', 'usb://403:6001/A', 'usb://0403:6001/%', 'usb://0403:6001/A/B', 'USB0'])('"%s" is none', (text) => {
    expect(parseIdentity(text)).toBeUndefined()
  })
})
