namespace EdgeAppliance.Tests.Unit;

/// <summary>What modules print, as their manuals and public logs have it.</summary>
static class UwbSamples
{
    public const string Shell =
        "dwm> lec\r\nDIST,4,AN0,1151,5.00,8.00,2.25,6.44,AN1,0CA8,0.00,8.00,2.25,6.50,AN2,111C,5.00,0.00,2.25,3.24,AN3,"
        + "1150,0.00,0.00,2.25,3.19,POS,2.55,2.01,1.71,98\r\nPOS,0,44A8,1.44,2.39,0.69,54,x07\r\n,2.61,-0.00,82,x07\r\n"
        + "POS,0,55B5,nan,nan,nan,0,x0C\r\n1151[5.00,8.00,2.25]=6.48 0CA8[0.00,8.00,2.25]=6.51 le_us=2576 "
        + "est[2.57,1.98,1.68,100]\r\n";

    public const string QorvoNew =
        "SESSION_INFO_NTF: {session_handle=1, sequence_number=0, block_index=0, n_measurements=2\r\n"
        + "\r [mac_address=0x0001, status=\"SUCCESS\", distance[cm]=91, loc_az_pdoa=65.35, loc_az=24.90, "
        + "loc_el_pdoa=32.12, loc_el=12.01, rmt_az=22.84, rmt_el=13.59, RSSI[dBm]=-66.5];\r\n"
        + "\r [mac_address=0x0002, status=\"RX_TIMEOUT\"]}\r\n";

    public const string QorvoOld =
        "{\"Block\":123,\"results\":[{\"Addr\":\"0x0001\",\"Status\":\"Ok\",\"D_cm\":85,\"LPDoA_deg\":0.00,"
        + "\"LAoA_deg\":-12.60,\"LFoM\":85,\"RAoA_deg\":0.00,\"CFO_100ppm\":-166},{\"Addr\":\"0x0002\","
        + "\"Status\":\"Ok\",\"D_cm\":39}]}\r\n";

    public const string Lines =
        "# a remark\nrange,T1,A0,3.25,0.01,0.9\ntdoa,T1,A0,A1,-1.5,0.02\nangle,T1,A0,90,-45,4\nrssi,T1,S0,-71\n"
        + "pos,T1,1,2,0.5,0.04\npos,T1,nan,nan,nan\nanchor,A0,0,0,2.5\nrange,T2,A0,3.5\nnonsense\n";
}
