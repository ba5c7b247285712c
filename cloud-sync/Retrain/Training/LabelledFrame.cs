namespace EdgeAppliance.Retrain.Training;

/// <summary>
/// A picture of the network's full size, as the appliance would feed it, and what is to be seen in it.
/// </summary>
/// <param name="Planes">red, green, blue, values 0 to 255, padding included</param>
sealed record LabelledFrame(byte[] Planes, IReadOnlyList<LabelledBox> Truth);
