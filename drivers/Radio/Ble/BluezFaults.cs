namespace EdgeAppliance.Drivers.Radio.Ble;

/// <summary>What BlueZ and the bus refuse with, and what a person does about it.</summary>
static class BluezFaults
{
    const string NoBluez = "bluetoothd does not run: apt-get install bluez; systemctl enable --now bluetooth";
    const string Rights = "this user may not use Bluetooth: usermod -aG bluetooth USER, then log in anew";
    const string Blocked = "Bluetooth is switched off: rfkill unblock bluetooth";
    const string Hung = "bluetoothd does not answer: systemctl restart bluetooth";

    /// <summary>Error names by their beginning, with the remedy.</summary>
    static readonly (string Name, string Remedy)[] Known =
    [
        ("org.freedesktop.DBus.Error.ServiceUnknown", NoBluez),
        ("org.freedesktop.DBus.Error.NameHasNoOwner", NoBluez),
        ("org.freedesktop.DBus.Error.Spawn.", NoBluez),
        ("org.freedesktop.systemd1.NoSuchUnit", NoBluez),
        ("org.freedesktop.DBus.Error.AccessDenied", Rights),
        ("org.bluez.Error.NotAuthorized", Rights),
        ("org.bluez.Error.NotPermitted", Rights),
        ("org.bluez.Error.NotReady", "the adapter is off or blocked: rfkill unblock bluetooth; bluetoothctl power on"),
        ("org.bluez.Error.Blocked", Blocked),
        ("org.freedesktop.DBus.Error.NoReply", Hung),
        ("org.freedesktop.DBus.Error.Timeout", Hung),
        ("org.freedesktop.DBus.Error.UnknownObject", "the adapter went away: is it plugged in?"),
        ("org.bluez.Error.DoesNotExist", "the adapter went away: is it plugged in?"),
        ("org.bluez.Error.NotSupported", "this adapter or BlueZ scans no low energy: BlueZ 5.50 or newer is needed"),
    ];

    public static DeviceException Of(string device, string call, in BusError error)
    {
        string name = error.Name;
        string? remedy = error.Text.Contains("rfkill", StringComparison.OrdinalIgnoreCase) ? Blocked
            : Array.Find(Known, row => name.StartsWith(row.Name, StringComparison.Ordinal)).Remedy;
        string said = string.IsNullOrEmpty(name) ? error.Text : $"{error.Text} ({name})";
        return new DeviceException(device, call, remedy is null ? said : $"{said}: {remedy}");
    }

    public static DeviceException NoAdapter(string device, string? wanted) => new(device, "GetManagedObjects",
        wanted is null
            ? "no Bluetooth adapter: plug one in; lsusb and bluetoothctl list show what is there"
            : $"no Bluetooth adapter {wanted}: plug it in, or name another; bluetoothctl list shows what is there");

    public static DeviceException Unplugged(string device) =>
        new(device, "InterfacesRemoved", "the adapter was unplugged: plug it in again");

    public static DeviceException SwitchedOff(string device) =>
        new(device, "Powered", $"the adapter was switched off. {Blocked}");

    public static DeviceException DaemonGone(string device) =>
        new(device, "NameOwnerChanged", "bluetoothd ended or was started anew");

    public static DeviceException KeepsStopping(string device, int times) =>
        new(device, "Discovering", $"discovery stopped {times} times and nothing was heard between: {Hung}");
}
