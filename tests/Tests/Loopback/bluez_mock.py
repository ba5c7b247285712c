"""bluetoothd's D-Bus interface without a controller: dbusmock's bluez5 template on a private bus, led by lines on
standard input. Every line is answered by one line."""
import os
import subprocess
import sys
import time

import dbus
import dbus.bus

MOCK = 'org.freedesktop.DBus.Mock'
ADAPTER = 'org.bluez.Adapter1'
DEVICE = 'org.bluez.Device1'
bus = dbus.bus.BusConnection(os.environ['DBUS_SYSTEM_BUS_ADDRESS'])
daemon = None


def start():
    global daemon
    daemon = subprocess.Popen([sys.executable, '-m', 'dbusmock', '--template', 'bluez5'], stdout=subprocess.DEVNULL)
    until = time.time() + 30
    while not bus.name_has_owner('org.bluez'):
        if time.time() > until or daemon.poll() is not None:
            sys.exit('the mock did not start')
        time.sleep(0.02)
    # The name comes before the template's objects.
    while True:
        try:
            mock('/').Introspect(dbus_interface='org.freedesktop.DBus.Introspectable')
            if bus.get_object('org.bluez', '/', introspect=False):
                mock('/').GetManagedObjects(dbus_interface='org.freedesktop.DBus.ObjectManager')
                return
        except dbus.DBusException:
            if time.time() > until:
                raise
            time.sleep(0.02)


def stop():
    daemon.kill()
    daemon.wait()
    while bus.name_has_owner('org.bluez'):
        time.sleep(0.02)


def mock(path):
    return bus.get_object('org.bluez', path, introspect=False)


def device(adapter, address):
    return mock('/org/bluez/%s/dev_%s' % (adapter, address.replace(':', '_')))


def heard(adapter, address, rssi, kind=None, number=None, content=None):
    properties = {}
    if rssi != '-':
        properties['RSSI'] = dbus.Int16(rssi)
    if kind == 'manufacturer':
        data = dbus.Array(bytes.fromhex(content), signature='y', variant_level=1)
        properties['ManufacturerData'] = dbus.Dictionary({dbus.UInt16(int(number, 16)): data}, signature='qv')
    if kind == 'service':
        data = dbus.Array(bytes.fromhex(content), signature='y', variant_level=1)
        properties['ServiceData'] = dbus.Dictionary({number: data}, signature='sv')
    # Not UpdateProperties: it takes no dictionaries.
    changed = [DEVICE, dbus.Dictionary(properties, signature='sv'), dbus.Array([], signature='s')]
    device(adapter, address).EmitSignal(
        'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', dbus.Array(changed, signature='v'),
        dbus_interface=MOCK)


def refuse(adapter, member, name, *text):
    code = 'raise dbus.exceptions.DBusException(%r, name=%r)' % (' '.join(text), name)
    mock('/org/bluez/' + adapter).AddMethod(ADAPTER, member, '', '', code, dbus_interface=MOCK)


def run(words):
    verb, words = words[0], words[1:]
    if verb == 'start':
        start()
    elif verb == 'stop':
        stop()
    elif verb == 'adapter':
        mock('/').AddAdapter(words[0], 'rig', dbus_interface='org.bluez.Mock')
    elif verb == 'remove':
        mock('/').RemoveAdapter(words[0], dbus_interface='org.bluez.Mock')
    elif verb == 'device':
        mock('/').AddDevice(words[0], words[1], 'somebody', dbus_interface='org.bluez.Mock')
    elif verb == 'heard':
        heard(*words)
    elif verb == 'set':
        changed = dbus.Dictionary({words[1]: dbus.Boolean(words[2] == 'true')}, signature='sv')
        mock('/org/bluez/' + words[0]).UpdateProperties(ADAPTER, changed, dbus_interface=MOCK)
    elif verb == 'refuse':
        refuse(*words)
    elif verb == 'get':
        value = mock('/org/bluez/' + words[0]).Get(ADAPTER, words[1], dbus_interface='org.freedesktop.DBus.Properties')
        return ' '.join('%s=%s' % (k, value[k]) for k in sorted(value)) if isinstance(value, dict) else str(value)
    return 'ok'


for line in sys.stdin:
    try:
        print(run(line.split()), flush=True)
    except dbus.DBusException as fault:
        print('fault %s' % fault, flush=True)
if daemon and daemon.poll() is None:
    daemon.kill()
